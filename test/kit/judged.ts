/** Judges single frames, in the names of the vocabulary. */
import { Frame } from '../../src/analysis/capture/frame.ts';
import { KIND } from '../../src/analysis/classify/classes.ts';
import { Classifier, type ClientIdentity } from '../../src/analysis/classify/classifier.ts';
import type { SwarmMap } from '../../src/records/identity.ts';
import { CLEAR_CLASSES, FAMILIES, HOUSEKEEPING_CLASSES, SOURCE_KINDS } from '../../src/records/vocabulary.ts';
import { CLIENT_MAC } from './frames.ts';
import { ENDPOINT, ENDPOINT_PORT, INNER, NODE, PEER, REAL, TRACKER } from './planted.ts';

export const CLIENT: ClientIdentity = {
  mac: CLIENT_MAC,
  real: [REAL.v4, REAL.v6],
  tunnel: [INNER.v4, INNER.v6],
  endpoints: [{ address: ENDPOINT.v4, port: ENDPOINT_PORT }],
};

export const SWARM: SwarmMap = {
  infoHash: '68'.repeat(20),
  trackers: [{ id: 'tracker', addresses: Object.values(TRACKER), httpPort: 6969, udpPort: 6969 }],
  dhtNodes: [{ id: 'node-0', addresses: Object.values(NODE), port: 6881 }],
  peers: [{ id: 'peer-0', addresses: Object.values(PEER), port: 51413 }],
  resolvers: ['203.0.113.53'],
};

export interface Seen {
  readonly linkType?: number;
  readonly original?: number;
  /** Places the frame among bytes of this value; without it a read beyond the frame throws. */
  readonly around?: number;
}

const BEFORE = 100;
const BEHIND = 100;

/** `not leaving`, `tunnel`, `canary`, a housekeeping class, or `class family source`. */
export class Judge {
  readonly classifier: Classifier;

  constructor(client: ClientIdentity = CLIENT, swarm: SwarmMap | null = null) {
    this.classifier = new Classifier(client, swarm);
  }

  of(data: Uint8Array, { linkType = 1, original = data.length, around }: Seen = {}): string {
    const behind = around === undefined ? 0 : BEHIND;
    const buffer = Buffer.alloc(BEFORE + data.length + behind, around);
    buffer.set(data, BEFORE);
    const frame = new Frame();
    frame.view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    frame.offset = BEFORE;
    frame.captured = data.length;
    frame.original = original;
    frame.linkType = linkType;
    const { kind, code, family, source } = this.classifier.judge(frame);
    switch (kind) {
      case KIND.notLeaving:
        return 'not leaving';
      case KIND.tunnel:
        return 'tunnel';
      case KIND.canary:
        return 'canary';
      case KIND.housekeeping:
        return HOUSEKEEPING_CLASSES[code]!;
      default:
        return `${CLEAR_CLASSES[code]!} ${FAMILIES[family]!} ${SOURCE_KINDS[source]!}`;
    }
  }
}
