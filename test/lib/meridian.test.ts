import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { makeTree } from '../checks/tree.ts';

// Each app runs in a separate process, which loads the CDK: the construct has Node itself load the domain.
vi.setConfig({ testTimeout: 120_000 });

const run = promisify(execFile);
function urlOf(file: string): string {
  return JSON.stringify(pathToFileURL(resolve(file)).href);
}

/**
 * Runs an app with the construct in a separate folder, and returns the JSON that it prints.
 * @param more files in the folder, by name; `from`: the working directory, relative to the folder
 */
async function appOf(
  body: string,
  { more = {}, from = '.' }: { readonly more?: Readonly<Record<string, string>>; readonly from?: string } = {},
): Promise<unknown> {
  const root = makeTree({
    ...more,
    'streams.ts': `export { toyDomain as domain } from ${urlOf('testing/toy.ts')};`,
    'mailer.ts': `import { subscriber } from ${urlOf('lambdas/index.ts')};\nexport const handler = subscriber({});`,
    'app.ts': `
      import { App, Stack } from ${urlOf('node_modules/aws-cdk-lib/index.js')};
      import { Role, ServicePrincipal } from ${urlOf('node_modules/aws-cdk-lib/aws-iam/index.js')};
      import { Meridian } from ${urlOf('lib/index.ts')};
      import { keepDeployed, readDeployed } from ${urlOf('lib/deployed-regions.ts')};
      // Without the rules of CloudFormation, which take most of the time: other tests check the stacks by them.
      const app = new App({
        builtinCloudFormationValidation: false,
        context: { 'aws:cdk:bundling-stacks': [], archiveDays: 7, name: 'context' },
      });
      const domain = import.meta.resolve('./streams.ts');
      const entry = import.meta.resolve('./mailer.ts');
      const regions = ['us-east-1', 'us-east-2'];
      const attempt = (make) => {
        try {
          return make();
        } catch ({ code, message }) {
          return { code, message };
        }
      };
      process.stdout.write(JSON.stringify(attempt(() => { ${body} })));`,
  });
  onTestFinished(() => rmSync(root, { recursive: true }));
  const { stdout } = await run(process.execPath, [join(root, 'app.ts')], { cwd: join(root, from) });
  return JSON.parse(stdout);
}

describe('the construct', () => {
  it('prefers properties to the context, and exposes the resources of each Region', async () => {
    expect(
      await appOf(`
        const { config, regions: stacks, ...meridian } = Object.assign(
          new Meridian(app, 'Shop', { domain, regions, name: 'shop', subscribers: { mailer: { entry, streamTypes: ['note'] } } }),
        );
        const shop = app.node.findChild('Shop');
        const { api, bus, alarmTopic, functions, region } = shop.region('us-east-2');
        return {
          name: config.name,
          archiveDays: config.archiveDays,
          regions: stacks.map(({ region }) => region),
          region,
          mailer: Object.keys(functions).includes('mailer'),
          has: [api.url, bus.eventBusArn, alarmTopic.topicArn].every(Boolean),
        };`),
    ).toEqual({
      name: 'shop',
      archiveDays: 7,
      regions: ['us-east-1', 'us-east-2'],
      region: 'us-east-2',
      mailer: true,
      has: true,
    });
  });

  it('allows a role of any stack to call the API of every Region, or of one', async () => {
    const statements = await appOf(`
      const meridian = new Meridian(app, 'Shop', { domain, regions });
      const web = new Stack(app, 'Web', { env: { region: 'eu-west-1', account: '123456789012' } });
      const role = (id) => new Role(web, id, { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });
      meridian.grantInvokeApi(role('All'));
      meridian.region('us-east-2').api.grantInvoke(role('One'));
      const policies = web.node.findAll().filter((one) => one.node.id === 'DefaultPolicy');
      return policies.map((policy) => web.resolve(policy.document).Statement);`);
    expect(JSON.stringify(statements)).toContain('lambda:InvokeFunctionUrl');
    const regionsOf = (of: unknown) => [...new Set(JSON.stringify(of).match(/us-(east|west)-\d/g))].sort();
    const [all, one] = Array.isArray(statements) ? statements : [];
    expect(regionsOf(all)).toEqual(['us-east-1', 'us-east-2']);
    expect(regionsOf(one)).toEqual(['us-east-2']);
  });

  it('names the existing Regions when another one is requested', async () => {
    expect(await appOf("return new Meridian(app, 'Shop', { domain, regions }).region('mars-1').region;")).toMatchObject(
      { message: 'There is no Region mars-1; write one of us-east-1, us-east-2.' },
    );
  });

  it('refuses an invalid configuration, and names the source of the value', async () => {
    expect(await appOf("new Meridian(app, 'Shop', { domain, regions: ['us-east-1'] });")).toMatchObject({
      code: 'invalid-config',
      message: expect.stringContaining('"regions" of the properties'),
    });
    expect(
      await appOf(
        "new Meridian(app, 'Shop', { domain, regions, subscribers: { relay: { entry, streamTypes: ['nose'] } } });",
      ),
    ).toMatchObject({
      code: 'invalid-definition',
      message: expect.stringMatching(/subscriber relay: streamTypes.*\n- the name "relay" cannot be used/),
    });
    expect(await appOf("new Meridian(app, 'Shop', { domain: './streams.ts', regions });")).toMatchObject({
      code: 'invalid-domain-file',
    });
    const gone = "{ entry: '/gone/mailer.ts', streamTypes: ['note'] }";
    expect(
      await appOf(`new Meridian(app, 'Shop', { domain, regions, subscribers: { mailer: ${gone} } });`),
    ).toMatchObject({
      message: expect.stringMatching(
        /^\/gone\/mailer\.ts: There is no such file\. It is the entry of mailer: create it/,
      ),
    });
  });

  it.each([
    ['the folder of the project', '.'],
    ['a folder above it', '..'],
  ])('compares its Regions with regions.json of the project when the app runs in %s', async (_name, from) => {
    const more = {
      'package.json': '{ "type": "module", "meridian": {} }',
      'regions.json': '{ "shop": ["us-east-2", "us-east-1"] }',
    };
    expect(
      await appOf("new Meridian(app, 'Shop', { domain, regions, name: 'shop' });\napp.synth();", { more, from }),
    ).toMatchObject({
      message: expect.stringContaining('The primary Region is us-east-2 and cannot become us-east-1'),
    });
  });

  it('may be in an app more than once, each with tags and a record of its own', async () => {
    const deployed = { regions: ['us-east-1', 'us-east-2'], decisions: 'eventual' };
    expect(
      await appOf(`
        for (const name of ['shop', 'stock']) new Meridian(app, name, { domain, regions, name });
        const { stacks, directory } = app.synth();
        const keptAnything = keepDeployed(directory, 'regions.json');
        const tags = Object.fromEntries(stacks.map(({ stackName, tags }) => [stackName, tags.meridian]));
        return { keptAnything, tags, regions: ['shop', 'stock'].map((name) => readDeployed('regions.json', name)) };`),
    ).toEqual({
      keptAnything: true,
      tags: Object.fromEntries(
        ['shop', 'stock'].flatMap((name) =>
          ['global', ...['us-east-1', 'us-east-2'].flatMap((region) => [region, `${region}-forwarding`])].map(
            (part) => [`${name}-${part}`, name],
          ),
        ),
      ),
      regions: [deployed, deployed],
    });
  });
});
