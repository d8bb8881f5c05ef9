/** WireGuard devices as wg(8) shows and takes them: settings in text, for faults that change keys, peers and ports. */
import type { Host } from '../contracts/host.ts';
import type { Lab } from '../contracts/lab.ts';
import { Unsupported } from '../contracts/errors.ts';

export interface WireGuardSettings {
  /** The whole, as `wg setconf` takes it. */
  readonly text: string;
  /** The section of the device itself. */
  readonly device: string;
}

/** Throws `Unsupported` where the tunnel is not WireGuard. */
export async function wireGuardSettings(host: Host, device: string): Promise<WireGuardSettings> {
  const shown = await host.run(['wg', 'showconf', device], { anyStatus: true });
  if (shown.status.code !== 0) throw new Unsupported(`the tunnel ${device} is not a WireGuard device`);
  const text = shown.stdout;
  if (!/^PublicKey = \S+$/m.test(text)) throw new Error(`the WireGuard device ${device} has no peer`);
  return { text, device: text.slice(0, text.indexOf('[Peer]')) };
}

/** Puts the settings back; sessions start anew. */
export async function setWireGuard(host: Host, device: string, text: string): Promise<void> {
  // A pipe of Node.js is a socket, which wg cannot open by name: cat makes a real one.
  await host.run(['sh', '-c', 'cat | wg setconf "$0" /dev/stdin', device], { input: text });
}

/** `wg` that waits for its settings on standard input. */
export const wgFeed = (verb: 'setconf' | 'syncconf', device: string): string[] => ['wg', verb, device, '/dev/stdin'];

/** Refuses tunnels that are not the lab's own WireGuard. */
export function needWireGuard(lab: Lab): void {
  if (lab.tunnel.defaultRoutes !== undefined && lab.tunnel.host === undefined) {
    throw new Unsupported('this fault is one of WireGuard, and the kill switch brings another tunnel');
  }
}
