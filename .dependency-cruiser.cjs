// The arrows of ARCHITECTURE.md: ui -> state, i18n -> adapters, workers, sim -> peer -> ports, protocol -> core.
const only = (name, from, to) => ({
  name,
  severity: 'error',
  from: { path: from },
  to: { path: '^(src|signaling)/', pathNot: to },
})
const CORE_SHARED = 'num|params|model'
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    only('core-imports-core', '^src/core/', '^src/core/'),
    {
      name: 'core-folders-are-islands',
      severity: 'error',
      comment:
        'Inside core only num, params and model are shared; record types (entries, seals, data sets) may be read by all. Mechanisms meet in core/room, which no other folder of core reads.',
      from: { path: '^src/core/([^/]+)/', pathNot: '^src/core/room/' },
      to: {
        path: '^src/core/',
        pathNot: [
          `^src/core/(?:${CORE_SHARED})/`,
          '^src/core/$1/',
          '^src/core/(ledger/(entry|seal|mechanism|canonical)|data/dataset)[.]ts$',
        ],
      },
    },
    {
      name: 'core-has-no-environment',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { dependencyTypes: ['core'] },
    },
    only('ports-and-protocol', '^src/(ports|protocol)/', '^src/(ports|protocol|core)/'),
    only('peer', '^src/peer/', '^src/(peer|ports|protocol|core)/'),
    only('adapters', '^src/(adapters|workers|sim)/', '^src/(adapters|workers|sim|peer|ports|protocol|core)/'),
    only('state', '^src/state/', '^src/(state|i18n|peer|ports|protocol|core)/'),
    only('i18n', '^src/i18n/', '^src/i18n/'),
    only('ui', '^src/ui/', '^src/(ui|state|i18n|ports|protocol|core)/'),
    only('signaling', '^signaling/', '^(signaling|src/protocol)/'),
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.svelte', '.js', '.mjs', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'svelte', 'default', 'types'],
    },
    extraExtensionsToScan: ['.svelte'],
  },
}
