/** A program that is asked, played by a test. */
import assert from 'node:assert/strict';
import * as z from 'zod';
import { Conversation } from '../../src/programs/conversation.ts';
import { Played } from '../kit/played-program.ts';

const saysSchema = z.object({ answer: z.number().optional(), event: z.string().optional() });

describe('a conversation with a program', () => {
  it('gives each question its own answer, in the order of the questions', async () => {
    const program = new Played();
    const talk = new Conversation('the oracle', program, saysSchema);
    const answers = [talk.ask('first'), talk.ask({ then: 'second' })];
    assert.deepEqual(program.told, ['first', '{"then":"second"}']);
    program.say('{"answer":1}');
    program.say('{"answer":2}');
    assert.deepEqual(await Promise.all(answers), [{ answer: 1 }, { answer: 2 }]);
  });

  it('takes what the program says by itself for no answer', async () => {
    const program = new Played();
    const events: string[] = [];
    const talk = new Conversation('the oracle', program, saysSchema, ({ event }) => {
      if (event !== undefined) events.push(event);
      return event !== undefined;
    });
    const first = talk.answer();
    const asked = talk.ask('question');
    program.say('{"answer":0}');
    program.say('{"event":"thunder"}');
    program.say('{"answer":1}');
    assert.deepEqual([await first, await asked, events], [{ answer: 0 }, { answer: 1 }, ['thunder']]);
  });

  for (const line of ['no JSON', '{"answer":"a word"}', '7']) {
    it(`fails what was asked and what will be when the program says «${line}»`, async () => {
      const program = new Played();
      const talk = new Conversation('the oracle', program, saysSchema);
      const asked = [talk.ask('first'), talk.ask('second')];
      program.say(line);
      const told = { message: `the oracle said what nobody understands: «${line}»` };
      for (const answer of asked) await assert.rejects(answer, told);
      await assert.rejects(talk.ask('third'), told);
      assert.deepEqual(program.told, ['first', 'second']);
    });
  }

  it('fails with the last words of a program that ends without an answer', async () => {
    const program = new Played();
    const talk = new Conversation('the oracle', program, saysSchema);
    const asked = talk.ask('question');
    program.complaints = 'no laurel left';
    program.end({ code: 3, signal: null });
    const told = { message: 'the oracle ended with exit code 3: no laurel left' };
    await assert.rejects(asked, told);
    await assert.rejects(talk.ask('again'), told);
  });

  it('is over without a fault when the program ends because it was told to', async () => {
    const program = new Played();
    const talk = new Conversation('the oracle', program, saysSchema);
    const asked = talk.ask('question');
    const closed = talk.close({ command: 'stop' });
    program.end({ code: 0, signal: null });
    assert.equal(await closed, null);
    await assert.rejects(asked, { message: 'the oracle ended with exit code 0: (no message)' });
    assert.deepEqual(program.told, ['question', '{"command":"stop"}']);
  });
});
