import { expect, it, onTestFinished, vi } from 'vitest';
import { timedSteps } from '../../scripts/steps.ts';

it('a step of a script is printed as it begins, on standard error, and listed with its time once it is done', async () => {
  const printed: string[] = [];
  const spy = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    printed.push(String(text));
    return true;
  });
  onTestFinished(() => spy.mockRestore());
  const { step, steps } = timedSteps();
  const packed = await step('pack', () => {
    expect([printed, steps]).toEqual([['… pack\n'], []]);
    return 'tarball';
  });
  expect([packed, steps]).toEqual(['tarball', [{ name: 'pack', seconds: expect.any(Number) }]]);
  const failing = step('lint', () => {
    throw new Error('It does not lint.');
  });
  await expect(failing).rejects.toThrow('It does not lint.');
  expect([printed.at(-1), steps.length]).toEqual(['… lint\n', 1]);
});
