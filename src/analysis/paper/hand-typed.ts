/**
 * Finds numbers typed by hand in the manuscript: digits, and small numbers in words. A number in a paper that a person
 * typed is a number that no campaign need agree with. Does not look into the template, which has only measures of the
 * page, nor into the bibliography.
 */

export interface HandTyped {
  readonly line: number;
  readonly text: string;
}

/** Names that happen to have a digit or a number's word in them, each a name and not a quantity. */
const NAMES: readonly RegExp[] = [
  /\bIPv[46]\b/g,
  /\bBEP \d+\b/g,
  /\bRFC \d+\b/g,
  /\bwg0\b/g,
  /\bone-sided\b|\btwo-sided\b|\btwo one-sided tests\b/g,
];

const WORDS =
  /\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred|thousand|million|half|twice)s?\b/i;

/** Every line of a Typst source that says a number no fact gave it. */
export function handTyped(source: string): HandTyped[] {
  return source.split('\n').flatMap((text, index) => {
    const prose = NAMES.reduce((rest, name) => rest.replace(name, ''), withoutCode(text));
    return /\d/.test(prose) || WORDS.test(prose) ? [{ line: index + 1, text: text.trim() }] : [];
  });
}

/** Cuts out of a line what is not prose: comments, references, labels, the names of facts and figures, and paths. */
function withoutCode(line: string): string {
  return line
    .replace(/\/\/.*$/, '')
    .replace(/#(?:fact|show-figure|import|include)\s*\(?\s*"[^"]*"\)?/g, '')
    .replace(/[@<][a-z][\w:-]*>?/g, '');
}
