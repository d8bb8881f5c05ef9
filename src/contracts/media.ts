/**
 * Text from outside, made safe for where it goes: one function a medium. HTML has its own, a template that escapes
 * (analysis/report/html.ts); JSON and Parquet take text as it is.
 */
import { isOneLine, oneLine, severalLines } from '../records/plain-text.ts';

/** Text for a terminal: nothing in it moves the cursor, turns text around or rings. Ends of lines and tabs stay. */
export function terminalText(text: string): string {
  return severalLines(text);
}

/** Text for XML 1.0, before its `&`, `<` and `>` are escaped: characters that it cannot hold are written out, `]]>` is broken. */
export function xmlText(text: string): string {
  return severalLines(text).replaceAll(']]>', ']] >');
}

/** What a spreadsheet takes for the beginning of a formula, in every width, whatever blanks come first. */
const FORMULA = /^\s*[=+\-@\t\r\n＝＋－＠]/;

/** A text as a field of CSV (RFC 4180). A leading apostrophe tells a spreadsheet that it is no formula. */
export function csvText(text: string): string {
  const inert = FORMULA.test(text) ? `'${text}` : text;
  return /[",\t\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}

/** Text for Markdown, in a paragraph, a list or a table: nothing in it is markup, and it stays on its line. */
export function markdownText(text: string): string {
  return oneLine(text).replace(/[!-/:-@[-`{-~]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A name in Markdown, in code style. */
export function markdownCode(text: string): string {
  if (isOneLine(text) && !/[`|\\<&]|^\s|\s$|^$/.test(text)) return `\`${text}\``;
  return `<code>${markdownText(text)}</code>`;
}
