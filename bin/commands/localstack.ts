import { once } from 'node:events';
import { type Command, InvalidArgumentError } from 'commander';
import { ownPage } from '../../project/own-package.ts';
import type { Project } from '../../project/project.ts';
import type { Deployed } from '../../tools/localstack/session.ts';
import { CliError } from '../client/cli-error.ts';
import { needProject } from '../need-project.ts';
import { type OutputOptions, reportingErrors, sayJson, sayNote, sayText } from '../output.ts';

interface LocalStackOptions extends OutputOptions {
  readonly context: Readonly<Record<string, string>>;
}

/** `meridian localstack` */
export function addLocalStack(program: Command, project: Project | undefined): void {
  program
    .command('localstack')
    .description('start LocalStack, deploy the project to its Regions, and serve it until Ctrl-C')
    .option('--context <key=value>', 'context of the CDK app, which overrides cdk.json; may be repeated', context, {})
    .option('--json', 'print the addresses of LocalStack and of the APIs as one JSON object')
    .addHelpText(
      'after',
      `\nRequires Docker, or Java 17 and Python 3. ${ownPage('guides/localstack.md')} lists what LocalStack does not model.`,
    )
    .action((options: LocalStackOptions) => reportingErrors(options, () => serve(needProject(project), options)));
}

function context(text: string, before: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (key === undefined || value === undefined) throw new InvalidArgumentError('Write <key>=<value>.');
  return { ...before, [key]: value };
}

async function serve({ folder }: Project, { context, json = false }: LocalStackOptions): Promise<void> {
  // Loaded on demand, because it would delay the start of every command.
  const { whatIsMissing } = await import('../../tools/localstack/engine.ts');
  const { startDeployed, stopSignal } = await import('../../tools/localstack/session.ts');
  const missing = whatIsMissing();
  if (missing !== undefined) throw new CliError('no-localstack', missing);
  const signal = stopSignal();
  const deployed = await startDeployed({ folder, context, signal, say: sayNote }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  if (deployed) {
    if (json) sayJson({ endpoint: deployed.endpoint, log: deployed.log, regions: deployed.urls });
    else sayText(await invitation(deployed));
    if (!signal.aborted) await Promise.race([once(signal, 'abort'), deployed.ended]);
    await deployed.stop();
  }
  sayNote(signal.aborted ? 'LocalStack is stopped.' : `LocalStack has ended, see ${deployed?.log}`);
  process.exit(signal.aborted ? 0 : 1);
}

async function invitation({ endpoint, log, urls }: Deployed): Promise<string> {
  const { environmentOf } = await import('../../tools/localstack/deploy.ts');
  const [first] = urls;
  const environment = { ...environmentOf(endpoint, first?.region ?? ''), MERIDIAN_NAME: first?.name ?? '' };
  return `
LocalStack serves ${endpoint} until Ctrl-C, with ${urls.map(({ region }) => region).join(', ')}. Its log is ${log}.
The API of each Region:
${urls.map(({ region, url }) => `  ${region}  ${url}`).join('\n')}
Try, in another terminal:
${Object.entries(environment)
  .map(([name, value]) => `  export ${name}=${value}`)
  .join('\n')}
  npx meridian regions --region ${first?.region}
  curl ${first?.url}health`;
}
