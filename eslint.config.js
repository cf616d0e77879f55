// One rule set for the whole house. Types, layers, format and dead code are separate steps of `npm run lint`.
import js from '@eslint/js'
import svelte from 'eslint-plugin-svelte'
import globals from 'globals'
import ts from 'typescript-eslint'

// core is pure: whatever depends on the moment, the machine or chance is an argument.
const impure = [
  'Date',
  'performance',
  'window',
  'document',
  'crypto',
  'fetch',
  'setTimeout',
  'setInterval',
  'queueMicrotask',
  'navigator',
  'localStorage',
  'indexedDB',
  'process',
  'console',
  'WebSocket',
  'Worker',
  'requestAnimationFrame',
].map(name => ({ name, message: 'src/core is pure: pass it in as an argument.' }))

export default ts.config(
  { ignores: ['dist', 'out', 'public', 'node_modules', 'test-results', '.cache'] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  {
    languageOptions: { globals: { ...globals.browser, ...globals.node } },
    rules: {
      eqeqeq: 'error',
      'no-empty': ['error', { allowEmptyCatch: false }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // reason: indexing typed arrays in bounded loops is the daily bread of the numeric code.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // reason: TypeScript resolves names itself.
      'no-undef': 'off',
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser } },
  },
  {
    files: ['src/core/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', ...impure],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Use a seeded Rng.' },
      ],
    },
  },
)
