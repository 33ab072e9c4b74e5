import { Meridian } from '@meridian-es/meridian/cdk';
import { App } from 'aws-cdk-lib';
import { subscribers } from '../subscribers/index.ts';

// The name and the Regions are in cdk.json.
new Meridian(new App(), 'Meridian', {
  domain: import.meta.resolve('../streams/index.ts'),
  subscribers,
});
