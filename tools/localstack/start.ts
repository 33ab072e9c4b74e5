import { once } from 'node:events';
import { environmentOf, REGIONS } from './deploy.ts';
import { whatIsMissing } from './engine.ts';
import { type Deployed, startDeployed, stopSignal } from './session.ts';

function invitation({ endpoint, log, urls }: Deployed): string {
  return `
LocalStack serves ${endpoint} until Ctrl-C, with Meridian in ${REGIONS.join(', ')}. What it says is in ${log}.
The API of each Region:
${urls.map(({ region, url }) => `  ${region}  ${url}`).join('\n')}
Try, in another terminal:
${Object.entries(environmentOf(endpoint))
  .map(([name, value]) => `  export ${name}=${value}`)
  .join('\n')}
  npx meridian view airport-delays --region ${REGIONS[0]}
  curl ${urls[0]?.url}health
  MERIDIAN_LOCALSTACK=${endpoint} npm test -- test/localstack
`;
}

const missing = whatIsMissing();
if (missing !== undefined) {
  process.stderr.write(`meridian: ${missing}\n`);
  process.exit(1);
}
const signal = stopSignal();
const deployed = await startDeployed(signal).catch((error: unknown) => {
  if (!signal.aborted) throw error;
});
if (deployed) {
  process.stdout.write(invitation(deployed));
  if (!signal.aborted) await Promise.race([once(signal, 'abort'), deployed.ended]);
  await deployed.stop();
}
process.stdout.write(signal.aborted ? 'LocalStack is stopped.\n' : `LocalStack has ended, see ${deployed?.log}\n`);
process.exit(signal.aborted ? 0 : 1);
