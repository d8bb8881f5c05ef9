/** The engine that answers, for the tests: `npm test` starts one where there is none and it can. */
import type { Need } from '../../src/contracts/host.ts';
import { messageOf } from '../../src/contracts/errors.ts';
import { connectEngine, type Engine } from '../../src/harness/labs/docker/engine.ts';
import { TRIAL_NEEDS } from '../../src/harness/trial/needs.ts';
import { provideImages, type LabImages } from '../../src/harness/labs/docker/images.ts';

export interface TestEngine {
  readonly engine: Engine;
  readonly images: LabImages;
}

/** The engine; where none answers, a reason. */
async function connect(): Promise<Engine | string> {
  const why = process.env['KSL_NO_ENGINE'];
  if (why !== undefined) return why;
  try {
    return await connectEngine();
  } catch (error) {
    return messageOf(error);
  }
}

/**
 * The engine, with the images for what is needed beside the lab's tools. Skips the tests of a suite where there is no
 * engine, which counts them, and says why. Throws where there is one and an image cannot be built.
 */
export async function openTestEngine(context: Mocha.Context, needs: readonly Need[] = []): Promise<TestEngine> {
  context.timeout(600_000);
  const engine = await connect();
  if (typeof engine !== 'string') {
    return {
      engine,
      images: await provideImages(engine.docker, { trial: TRIAL_NEEDS, plan: needs }, (line) =>
        console.log(`      ${line}`),
      ),
    };
  }
  console.log(`      NOT RUN, no lab in containers here: ${engine}`);
  return context.skip();
}
