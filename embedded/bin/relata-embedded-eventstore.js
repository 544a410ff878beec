#!/usr/bin/env node
/** Plain JavaScript, so that an older Node can read it and say what is missing: the rest is TypeScript. */
const NEEDED = 24;

if (Number(process.versions.node.split('.')[0]) < NEEDED) {
  process.stderr.write(
    `relata-embedded-eventstore needs Node.js ${NEEDED} or later, and this is ${process.version}: run it with a newer one.\n`,
  );
  process.exitCode = 1;
} else {
  const { main } = await import('../src/cli.ts');
  process.exitCode = await main(process.argv.slice(2));
}
