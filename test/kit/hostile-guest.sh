#!/bin/sh
# A torrent client gone bad, in the place of transmission-daemon: takes the torrent, leaves children that nobody knows of,
# and at its end puts into its folder what the harness, which is root, may write to or read. First argument of the harness's
# own: --config-dir FOLDER. The file of root's that it is after: victim, beside the folder.
[ "$1" = --version ] && echo 'transmission-daemon 3.00 (hostile)' && exit 0
state=$3
victim=$(dirname "$state")/victim
setsid sleep 600 </dev/null >/dev/null 2>&1 &
(setsid sh -c 'trap "" TERM HUP; sleep 600 & wait; sleep 600' </dev/null >/dev/null 2>&1 &)
plant() {
  cd "$state" || exit 1
  rm -rf settings.json dht.bootstrap dht.dat resume
  ln -s "$victim" settings.json
  ln "$victim" dht.bootstrap 2>/dev/null || ln -s "$victim" dht.bootstrap
  mkfifo dht.dat
  mkdir resume && ln -s "$victim" resume/link && mkfifo resume/pipe && ln -s / resume/root
  ln "$victim" resume/hard 2>/dev/null
  ln -s . resume/again
  exit 0
}
trap plant TERM
for torrent in "$state"/watch/*.torrent; do mv "$torrent" "$torrent.added"; done
echo 'Loaded 1 torrents'
while :; do sleep 0.1; done
