/**
 * Linter rule: a doc comment can be read alone, in an editor's tooltip, without the line above it. Its first word is
 * therefore a noun or a verb. Finds the words that lean on something else: prepositions, pronouns, conjunctions.
 */
const LEANING = new Set(
  [
    'about above after against among and as at before behind below beneath beside besides between beyond but by down',
    'during except for from in inside into like near of off on onto or out over past per since through throughout till',
    'to toward towards under until up upon via with within without nor so yet',
    'he her hers him his i it its itself she that their theirs them these they this those you your',
    'also altogether else hence instead likewise moreover not otherwise still then there thereby therefore thus too',
    'null undefined given told same',
  ].flatMap((line) => line.split(' ')),
);

/** First word of a doc comment's text, in lower case, and the article before it. */
const FIRST_WORD = /^\*[\s*]*(?:(the)\s+)?([A-Za-z]+)(?![\w`'(-])/i;

/** @type {import('eslint').Rule.RuleModule} */
export const docComment = {
  meta: {
    type: 'suggestion',
    schema: [],
    messages: {
      leans: 'A doc comment begins with its noun or verb: «{{word}}» leans on another line. Say what this is or does.',
    },
  },
  create({ sourceCode, report }) {
    return {
      Program() {
        for (const comment of sourceCode.getAllComments()) {
          if (comment.type !== 'Block' || !comment.value.startsWith('*') || !comment.loc) continue;
          const [, article, word] = FIRST_WORD.exec(comment.value) ?? [];
          if (word === undefined) continue;
          const leans = article === undefined ? LEANING.has(word.toLowerCase()) : word.toLowerCase() === 'same';
          if (leans) report({ loc: comment.loc, messageId: 'leans', data: { word } });
        }
      },
    };
  },
};
