import { Meridian } from '@meridian-es/meridian/cdk';
import { App } from 'aws-cdk-lib';

new Meridian(new App(), 'Aircraft', {
  name: 'aircraft',
  domain: import.meta.resolve('./registry/index.ts'),
  // A strong stream needs three Regions of one set.
  regions: ['us-east-1', 'us-east-2', 'us-west-2'],
});
