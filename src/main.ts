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
  if (!isFatal(error)) throw error;
  console.error(error.message);
  process.exit(1);
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
