/**
 * WebTorrent at work on one torrent: started with its job as its one argument, it answers `status` and `stop` on its
 * standard input, one JSON object a line.
 */
import { createInterface } from 'node:readline';
import WebTorrent from 'webtorrent';
import { programJobSchema, type Report } from './webtorrent.ts';

const job = programJobSchema.parse(JSON.parse(process.argv[2] ?? ''));
const client = new WebTorrent(job.options);
const report = (what: Report): void => void process.stdout.write(`${JSON.stringify(what)}\n`);
// An error of the client ends it, with the reason on standard error, as WebTorrent's command line does.
client.on('error', (error) => {
  console.error(error);
  process.exit(1);
});
const torrent = client.add(job.torrent, { path: job.downloadFolder });
torrent.on('infoHash', () => report({ report: 'accepted' }));
torrent.on('warning', (warning) => console.error(String(warning)));

for await (const request of createInterface({ input: process.stdin })) {
  if (request === 'stop') break;
  report({
    report: 'status',
    downloadedBytes: torrent.downloaded,
    peers: torrent.numPeers,
    dhtNodes: client.dht === false ? null : client.dht.toJSON().nodes.length,
  });
}
client.destroy(() => process.exit(0));
