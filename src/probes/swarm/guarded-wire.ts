/** The libraries' wire and peer exchange, as an observer needs them: nothing a peer sends ends the program or the visit. */
import Wire from 'bittorrent-protocol';
import utPex, { type PeerExchange } from 'ut_pex';
import { isBencoded } from './bencoding.ts';

/**
 * One key pair for all connections of the program. The library makes one for each, and for each OpenSSL proves MSE's prime
 * to be one: 40 ms in which nothing else is read, several times a trial.
 */
const MSE_KEYS = new Wire('tcpIncoming', 1)._encryptor?.dh ?? null;

/** A message on which the library or an extension throws, or would never end, ends its connection, not the program. */
export class GuardedWire extends Wire {
  constructor(type: string, encryption: 0 | 1) {
    super(type, encryption);
    if (this._encryptor !== null) this._encryptor._dh = MSE_KEYS;
  }

  override _write(chunk: Uint8Array, done: (error: Error | null) => void): void {
    try {
      super._write(chunk, done);
    } catch (error) {
      this.emit('error', error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Every extension message begins with a bencoded value (BEP 9, 10, 11). */
  override _onExtended(extension: number, content: Uint8Array): void {
    if (!isBencoded(content)) throw new TypeError('an extension message is not bencoded');
    super._onExtended(extension, content);
  }
}

/** The extension ut_pex, which tells of a peer that has it, and hangs up on none. */
export function pexThatTells(connected: (pex: PeerExchange) => void): typeof PeerExchange {
  return class extends utPex() {
    override onExtendedHandshake(handshake: unknown): void {
      super.onExtendedHandshake(handshake);
      connected(this);
    }

    // The library hangs up on a peer whose messages are less than 60 s apart. An observer that hangs up changes what
    // it observes; messages are read where they are reported.
    override onMessage(): void {
      return;
    }
  };
}
