import { Meridian } from '@meridian-es/meridian/cdk';
import { App } from 'aws-cdk-lib';
import { subscribers } from './subscribers/index.ts';

const app = new App();
/** The address of the mail service: `cdk -c mailUrl=https://…`. */
const mailUrl: unknown = app.node.tryGetContext('mailUrl');

new Meridian(app, 'Grocery', {
  name: 'grocery',
  domain: import.meta.resolve('./streams/index.ts'),
  regions: ['us-east-1', 'us-east-2', 'us-west-2'],
  subscribers: {
    mailer: {
      ...subscribers.mailer,
      environment: { MAIL_URL: typeof mailUrl === 'string' ? mailUrl : 'https://mail.example.com/messages' },
    },
  },
});
