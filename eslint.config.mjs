import tseslint from 'typescript-eslint';
import { docComment } from './lint/doc-comment.mjs';

export default tseslint.config(
  { ignores: ['node_modules', 'build', 'results', 'paper/build'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Parse at the border, then trust the types: an assertion silences the compiler instead of proving anything.
      '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'never' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/strict-boolean-expressions': 'off',
      eqeqeq: 'error',
      // The name `z` holds all of zod, every language of its messages included, and so would each bundle.
      'no-restricted-syntax': [
        'error',
        {
          selector: "ImportDeclaration[source.value='zod'] > ImportSpecifier",
          message: "Write: import * as z from 'zod'",
        },
        {
          selector: 'NewExpression[callee.name=/(Error|Unsupported)$/] TemplateElement[value.raw=/["\']$/]',
          message: 'Messages quote a value as «value».',
        },
      ],
    },
  },
  {
    files: ['src/**', 'test/**', '*.mjs', 'lint/**'],
    plugins: { house: { rules: { 'doc-comment': docComment } } },
    rules: { 'house/doc-comment': 'error' },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // A test description is a function that says one thing.
      'max-lines-per-function': ['error', { max: 85 }],
      // Mocha collects what describe and it are given; node:assert's promises are awaited where they are used.
      '@typescript-eslint/no-floating-promises': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
);
