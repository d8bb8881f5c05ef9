/**
 * A sender of raw Ethernet frames that is started before anything is blocked: socat keeps a packet socket open on the
 * device, and a packet socket sends beneath every rule of the output hook. With it a canary can leave a client whose
 * firewall lets nothing out, and prove that the witnesses on the uplink still see.
 *
 * One write is one frame: socat tells of every block once it has passed it on (its option -v would tell before), and the
 * next frame waits for that.
 */
import type { Bracket, Clock } from '../contracts/clock.ts';
import type { Host, Need } from '../contracts/host.ts';

export const RAW_FRAME_NEEDS: readonly Need[] = [{ command: 'socat', package: 'socat' }];

export interface RawFrameSender {
  /** Sends one frame, from the Ethernet header on; resolves when the process has handed it to the device. */
  send(frame: Uint8Array, clock: Clock): Promise<Bracket>;
  stop(): Promise<void>;
}

/** Opens the device; resolves when frames can be sent. */
export async function startRawFrameSender(host: Host, device: string): Promise<RawFrameSender> {
  const process = await host.spawn(['socat', '-d', '-d', '-d', '-u', 'STDIN', `INTERFACE:${device}`]);
  let said = '';
  let onSaid = (): void => undefined;
  const ended = process.exited.then(({ code, signal }) => {
    throw new Error(`socat on ${device} of ${host.name} ended (${code ?? signal}): ${said.trim()}`);
  });
  ended.catch(() => undefined); // Told to whoever waits for a word of socat's, below.
  process.stderr.setEncoding('latin1').on('data', (text: string) => {
    said = (said + text).slice(-4000);
    onSaid();
  });
  const heard = (words: string): Promise<void> =>
    Promise.race([
      ended,
      new Promise<void>((resolve) => {
        onSaid = () => {
          if (said.includes(words)) resolve();
        };
        onSaid();
      }),
    ]);
  await heard('starting data transfer loop');

  let previous = Promise.resolve();
  return {
    send: (frame, clock) => {
      const sent = previous.then(() =>
        clock.bracket(async () => {
          said = '';
          process.stdin.write(frame);
          await heard(` transferred ${frame.length} bytes `);
        }),
      );
      previous = sent.then(
        () => undefined,
        () => undefined,
      );
      return sent;
    },
    async stop() {
      process.signal('SIGTERM');
      await process.exited;
    },
  };
}
