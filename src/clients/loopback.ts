/**
 * The loopback of the client's own host, where the harness is not: control requests go through curl, and the sockets
 * the kernel holds for a client through ss. Used for diagnosis, never for a verdict.
 */
import type { Host, Need } from '../contracts/host.ts';
import { runAsClient } from './as-client.ts';

export const CURL: Need = { command: 'curl', package: 'curl' };

/** Longest wait for an answer from the client's own control port, in seconds. */
const ANSWER_SECONDS = 10;

export interface LoopbackRequest {
  readonly port: number;
  /** Path and query, from the slash. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Body of the request, which makes it a POST. */
  readonly body?: string;
}

export interface LoopbackAnswer {
  readonly status: number;
  /** Headers of the answer, by lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** One HTTP request to the client's control port, sent from its own host. Throws when there is no answer. */
export async function loopback(host: Host, request: LoopbackRequest, signal?: AbortSignal): Promise<LoopbackAnswer> {
  const headers = Object.entries(request.headers ?? {}).flatMap(([name, value]) => ['--header', `${name}: ${value}`]);
  // --disable, first, keeps curl from reading a .curlrc; --noproxy keeps the machine's proxy out.
  const { stdout } = await host.run(
    [
      'curl',
      ...['--disable', '--silent', '--show-error', '--include', '--noproxy', '*', '--max-time', String(ANSWER_SECONDS)],
      // Empty: no `Expect: 100-continue`, so that one header block comes back.
      ...['--header', 'Expect:', ...headers],
      ...(request.body === undefined ? [] : ['--data-binary', '@-']),
      `http://127.0.0.1:${request.port}${request.path}`,
    ],
    { ...(request.body === undefined ? {} : { input: request.body }), ...(signal === undefined ? {} : { signal }) },
  );
  return parseAnswer(stdout);
}

function parseAnswer(text: string): LoopbackAnswer {
  const end = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...fields] = text.slice(0, end).split('\r\n');
  const status = Number(statusLine.split(' ')[1]);
  if (end < 0 || !Number.isInteger(status)) {
    throw new Error(`The control port did not answer in HTTP but with ${JSON.stringify(text.slice(0, 80))}`);
  }
  const headers = new Map(
    fields.map((field) => {
      const colon = field.indexOf(':');
      return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
    }),
  );
  return { status, headers, body: text.slice(end + 4) };
}

/**
 * `address:port`, or `address%device:port` where it is tied to a device, of each socket these processes listen on. Asked
 * as the user they run as: in a container not even root may see which process of another user's has a socket.
 */
export async function listeningSockets(
  host: Host,
  pids: readonly number[],
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const stdout = await runAsClient(host, ['ss', '-H', '-tulnp'], { signal });
  const found = new Set<string>();
  for (const line of stdout.split('\n')) {
    const local = line.trim().split(/\s+/)[4];
    if (local !== undefined && pids.some((pid) => line.includes(`pid=${pid},`))) found.add(local);
  }
  return [...found].sort();
}
