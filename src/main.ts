/** The command line: `relata start`, `relata import PLAN --from FOLDER`, … */
import { type CliCommand, loadCliCommands } from './cli/command.ts';
import { isFatal } from './runtime/fatal.ts';

const [name = 'help', ...args] = process.argv.slice(2);

try {
  const commands = await loadCliCommands();
  const command = commands.find(candidate => candidate.name === name);
  const code = command && !args.includes('--help') ? await command.run(args) : help(commands, command);
  // All is closed; what a client library's connections still hold must not keep the process.
  process.exit(code);
} catch (error) {
  const told = sentenceOf(error);
  if (told === undefined) throw error;
  console.error(told);
  process.exit(1);
}

/** Nothing for what is a bug. */
function sentenceOf(error: unknown): string | undefined {
  if (isFatal(error)) return error.message;
  const isUsage =
    error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_');
  return isUsage ? `${error.message}\nSee: npm run relata -- ${name} --help` : undefined;
}

function help(commands: readonly CliCommand[], asked: CliCommand | undefined): number {
  if (asked) {
    console.log(`relata ${asked.name} ${asked.usage}\n\n${asked.summary}`);
    return 0;
  }
  const known = name === 'help' || name === '--help';
  if (!known) console.error(`There is no command "${name}".`);
  const print = known ? console.log : console.error;
  print('Usage: npm run relata -- COMMAND [OPTIONS]\n');
  for (const command of commands)
    print(`  ${`${command.name} ${command.usage}`.padEnd(44)} ${command.summary}`);
  return known ? 0 : 1;
}
