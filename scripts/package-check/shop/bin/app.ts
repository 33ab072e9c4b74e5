import { Meridian } from '@meridian-es/meridian/cdk';
import { App } from 'aws-cdk-lib';

new Meridian(new App(), 'Shop', {
  name: 'shop',
  domain: import.meta.resolve('../streams/index.ts'),
  regions: ['us-east-1', 'us-east-2', 'us-west-2'],
});
