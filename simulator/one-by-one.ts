import { type Effect, isOperationLine } from '../checkers/history.ts';
import type { Operation } from '../workload/operation.ts';
import { Session } from '../workload/session.ts';
import { clientsIn } from './ask.ts';
import { mostOf } from './meter.ts';
import { ONE_WAY_MS } from './plan.ts';
import type { Stage } from './stage.ts';

/** Sends each operation twice, cold and warm, when nothing is left to happen, and counts what it takes. */
export async function sendOneByOne(operations: readonly Operation[], stage: Stage): Promise<void> {
  const { world, scheduler, recorder, meter } = stage;
  const session = new Session({ ...clientsIn(stage), name: 's' });
  for (const [i, operation] of operations.entries())
    for (const isWarm of [false, true]) {
      if (!isWarm) for (const region of world.regions.values()) region.restart();
      meter.take();
      const begin = scheduler.now();
      const before = recorder.history.length;
      const sent = isWarm ? withOtherValues(operation) : operation;
      await scheduler.resolve(session.send(sent, `op-${i + 1}${isWarm ? '-again' : ''}`));
      const roundTrips = Math.round((scheduler.now() - begin) / (2 * ONE_WAY_MS));
      await scheduler.runUntil(() => world.idle);
      for (const line of recorder.history.slice(before))
        if (isOperationLine(line))
          recorder.add({
            ...{ line: 'cost', op: line.op, of: line.line, warm: isWarm, roundTrips, ...meter.take() },
            most: mostOf(line, isWarm),
          });
    }
}

/** The same operation with other values: every value is written once. */
function withOtherValues(operation: Operation): Operation {
  switch (operation.kind) {
    case 'append':
      return { ...operation, effect: otherValue(operation.effect) };
    case 'transact': {
      const participants = operation.participants.map((part) => ({ ...part, effect: otherValue(part.effect) }));
      return { ...operation, participants };
    }
    case 'read':
      return operation;
  }
}

function otherValue(effect: Effect): Effect {
  return effect.do === 'append' || effect.do === 'write' ? { ...effect, value: effect.value + 1_000 } : effect;
}
