/** Arrows point one way (design: the house). Each rule names what it protects. */
const only = (name, from, allowed, comment) => ({
  name,
  severity: 'error',
  comment,
  from: { path: `^src/${from}/` },
  to: { path: '^(src|embedded|web)/', pathNot: ['^src/modules[.]ts$', ...allowed.map(a => `^src/${a}`)] },
});

module.exports = {
  forbidden: [
    only('domain-is-pure', 'domain', ['domain/'], 'the domain imports nothing of the others'),
    {
      name: 'domain-only-zod',
      severity: 'error',
      comment: 'no I/O, no clock, no randomness: no library but zod',
      from: { path: '^src/domain/' },
      to: { dependencyTypesNot: ['local'], pathNot: ['node_modules/zod/'] },
    },
    only('eventstore-knows-domain-types', 'eventstore', ['eventstore/', 'domain/']),
    only('commands-use-domain-and-eventstore', 'commands', ['commands/', 'domain/', 'eventstore/']),
    only('projections-use-domain-and-eventstore', 'projections', ['projections/', 'domain/', 'eventstore/']),
    only('api-never-imports-runtime', 'api', [
      'api/',
      'commands/',
      'projections/',
      'proof/',
      'domain/',
      'eventstore/',
      'config.ts',
    ]),
    only('proof-is-beside-the-projections', 'proof', [
      'proof/',
      'projections/',
      'commands/',
      'domain/',
      'eventstore/',
      'runtime/(files|fatal)[.]ts',
    ]),
    only('integrations-send-commands', 'integrations', [
      'integrations/',
      'commands/',
      'projections/',
      'domain/',
      'eventstore/',
    ]),
    {
      name: 'workspaces-stand-alone',
      severity: 'error',
      comment: 'embedded and web import nothing from src',
      from: { path: '^(embedded|web)/' },
      to: { path: '^src/' },
    },
    {
      name: 'embedded-only-by-the-runtime',
      severity: 'error',
      comment: 'the app reaches the event store through its client alone',
      from: { path: '^src/', pathNot: '^src/runtime/' },
      to: { path: '^embedded/|@relata/embedded-eventstore' },
    },
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
