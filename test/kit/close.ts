import assert from 'node:assert/strict';

/** Equal within `tolerance`, relative above 1 and absolute below. */
export function close(actual: number, expected: number, tolerance = 1e-9, message = ''): void {
  const off = Math.abs(actual - expected) / Math.max(1, Math.abs(expected));
  assert.ok(off <= tolerance, `${message} ${actual} is not ${expected} within ${tolerance}`.trim());
}
