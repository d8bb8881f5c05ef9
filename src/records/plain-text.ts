/**
 * Text from outside as text and nothing else: what a terminal would obey, what hides or turns the characters around it,
 * and what no XML may hold is written out by its number (`\u{1b}`), so that a reader sees that it was there.
 */

/**
 * Control characters (C0, DEL, C1), format characters (U+202E turns the text after it around, U+200B hides), halves of
 * surrogate pairs, separators of lines and paragraphs, and what Unicode says is no character.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]/u;
const EACH_UNPRINTABLE = new RegExp(UNPRINTABLE, 'gu');

/** True for text without anything that `oneLine` would write out. */
export function isOneLine(text: string): boolean {
  return !UNPRINTABLE.test(text);
}

/** Text that stays on its line: ends of lines and tabs are written out too. */
export function oneLine(text: string): string {
  return isOneLine(text) ? text : text.replace(EACH_UNPRINTABLE, writtenOut);
}

/** Text of several lines: `\n`, `\r\n` (as `\n`) and tabs stay. */
export function severalLines(text: string): string {
  if (isOneLine(text)) return text;
  return text
    .replaceAll('\r\n', '\n')
    .replace(EACH_UNPRINTABLE, (character) =>
      character === '\n' || character === '\t' ? character : writtenOut(character),
    );
}

function writtenOut(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
