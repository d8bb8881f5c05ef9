/**
 * The content security policy of a page that carries its own script and style: these run by their hashes, nothing else does,
 * and nothing is fetched. A text that slipped through as markup can then neither act nor restyle the page.
 */
import { createHash } from 'node:crypto';

/** What stands between the tags of a page's own script and style, to the byte. */
export interface OwnParts {
  readonly script: string;
  readonly style: string;
}

/** `more`: further directives, such as `connect-src 'self'`. */
export function pagePolicy({ script, style }: OwnParts, ...more: readonly string[]): string {
  return [
    "default-src 'none'",
    `script-src ${hash(script)}`,
    `style-src ${hash(style)}`,
    "base-uri 'none'",
    "form-action 'none'",
    ...more,
  ].join('; ');
}

/** The parts of a page that has one script and one style. */
export function ownParts(page: string): OwnParts {
  const between = (tag: string): string => new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(page)?.[1] ?? '';
  return { script: between('script'), style: between('style') };
}

function hash(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
