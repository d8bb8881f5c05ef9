# The kill switch first, then the tunnel; then it waits for its end. Whatever does not go through the tunnel, to the VPN
# server or to this host itself is dropped, in both families.
set -eu

if [ "$KILL_SWITCH" = on ]; then
  for tables in iptables ip6tables; do
    $tables -P OUTPUT DROP
    $tables -A OUTPUT -o lo -j ACCEPT
    $tables -A OUTPUT -o wg0 -j ACCEPT
  done
  iptables -A OUTPUT -d "$ENDPOINT" -p udp --dport "$ENDPOINT_PORT" -j ACCEPT
fi

# The lab's kernel may lack WireGuard; wg-quick then takes the userspace implementation.
export WG_QUICK_USERSPACE_IMPLEMENTATION=wireguard-go WG_I_PREFER_BUGGY_USERSPACE_TO_POLISHED_KMOD=1
wg-quick up wg0
exec sleep infinity
