/** Why no scenario shows a statement of the guarantees: by heading, and by the beginning of the statement. */
export const NOT_SHOWN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Durability: {
    'JSON numbers are read as 64-bit floating point':
      'a scenario is JSON itself, so its numbers are rounded when it is read',
  },
  'Concurrent commits': {
    'While a Region gets a new log':
      'no verb gives a log another name: `test/simulator/histories.test.ts` has a history in which one gets it',
    'The Region that wrote the later commit lists a conflict':
      'it is about what is not there while a Region is away: the checkers of histories compare the lists once it is back',
    'After a Region has left, the first Region lists its conflicts with revisions of its own':
      'no verb removes a Region: tests of the wire form and of looks show it',
    'Of repairs whose writers had not seen each other':
      'a scenario has one Region that repairs: `test/core/ledger/repair.test.ts` has two',
    'Conflicts are repaired in one Region':
      'the code of a scenario does not fail: `test/core/ledger/repair.test.ts` has it',
    'A repair that does not count': 'a scenario has one Region that repairs, and so no repair that does not count',
  },
  'Numbers above a bound': {
    'Sums are exact up to 2^53-1': 'a scenario would show a number that is rounded when it is read',
  },
  'Strong streams': {
    'A strong stream waits for a majority: an append takes as long as the round trip':
      'a scenario shows no time below a second: `test/world/region/shared-log.test.ts` has it',
    'Strong streams need three Regions of one set':
      'a world that has strong streams and other decisions cannot begin: `test/world/strong.test.ts` has it',
  },
  Views: {
    'Totals of a view that was last built before Meridian counted contributions':
      'it is about rows that an earlier version of Meridian wrote: `test/compat/` has them',
    'Whether the table stream of a replica that is added later includes earlier commits': 'only AWS can show it',
  },
  'Consuming events': {
    'A rule that excludes some events of a log': 'only a rule that a team adds on AWS excludes events',
    'If a Region is lost permanently, the last sums that it has added may be missing':
      'links of scenarios have one latency, so that the items of a transaction arrive together',
    "A subscriber's table restored from a backup lacks the later events":
      'a world that starts again publishes every event that its tables hold, so nothing is lacking',
  },
  Snapshots: {
    'After the events table was restored from a backup, snapshots may include commits that it lacks':
      'a world does not keep its snapshots when it ends',
  },
  'What can be compared': Object.fromEntries(
    [
      ...[
        'One changed byte of a commit',
        'A row or a contribution that is missing',
        'A transaction that is committed and',
      ],
      ...['A repair never chooses', 'What is younger than the grace period'],
      ...['A commit that is missing in every Region', 'What has changed in every Region alike'],
      ...['A total that changes while it is read', 'The list of conflicts, snapshots'],
    ].map((statement) => [
      statement,
      'no verb damages a table: `test/bin/verify.test.ts` does, and `test/simulator/verify.test.ts` has healthy ones',
    ]),
  ),
  'When a home is moved': {
    'Of a Region that is lost permanently, and decided':
      'no verb of a scenario takes a Region away permanently: `test/bin/decide.property.test.ts` has every order of arrivals',
    'A transaction that is committed may be incomplete':
      'no verb loses a Region between two writes of a transaction: `test/core/transaction/home-moves.test.ts` has what a decision leaves out',
    'Homes of commands do not move': 'it is about what is not there',
    'A Region whose code does not know of moves':
      'a scenario has this version of the code: `test/core/transaction/home-moves.test.ts` has a function that reads no placement',
    'A Region whose code does not know that single streams move':
      'a scenario has this version of the code: `test/bin/move.test.ts` has the command refuse it',
    'The first request for a stream whose own home has moved':
      'no verb counts calls between Regions: `test/core/write/pin.test.ts` does',
  },
  'How callers reach a Region that lives': {
    'The client sends a request that got no response':
      'a scenario calls Regions without the client: `test/client/retry.test.ts` has it',
    'With `Ingress`, records of Route 53': 'only AWS can show it; `test/lib/ingress.test.ts` has the templates',
    "It is one process's view":
      'the API of a world holds nothing: `test/core/read/live.test.ts` has the function that does',
    'Anyone may ask without a signature': 'a world asks for no signatures, and limits no executions',
    'Entries at a bus of a Region that is lost wait there': 'a world has no global endpoint',
  },
};
