// ts-node compiles the project's own sources. Modules are left to Node.js: ts-node's resolver predates export patterns
// with a suffix ("./src/*.js"), which hyparquet uses, and compiling nothing is also quicker.
import { load as compile, resolve as resolveSource } from 'ts-node/esm';

const isModule = (url) => url?.includes('/node_modules/') === true;

export const resolve = (specifier, context, next) =>
  (isModule(context.parentURL) ? next : resolveSource)(specifier, context, next);

export const load = (url, context, next) => (isModule(url) ? next : compile)(url, context, next);
