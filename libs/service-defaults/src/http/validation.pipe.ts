import { StandardSchemaValidationPipe } from '@nestjs/common';
import type { StandardSchemaValidationPipeOptions } from '@nestjs/common';
import { ProblemError } from './problem-error.js';

type Issues = Parameters<NonNullable<StandardSchemaValidationPipeOptions['exceptionFactory']>>[0];

const ISSUES_MAX = 20;

const segmentText = (segment: PropertyKey | { readonly key: PropertyKey }): string =>
  String(typeof segment === 'object' ? segment.key : segment);

/** 400 with `errors: [{ path, message }]`, one for each issue that a schema finds, at most 20. */
const invalidRequest = (issues: Issues): ProblemError =>
  new ProblemError({
    status: 400,
    code: 'REQUEST_INVALID',
    title: 'The request is not valid.',
    extra: {
      errors: issues.slice(0, ISSUES_MAX).map((issue) => ({
        path: (issue.path ?? []).map(segmentText).join('.'),
        message: issue.message,
      })),
    },
  });

/** Checks parameters that have a schema (`@Body({ schema })`, `@Param('id', { schema })`, `@Query({ schema })`). */
export const createValidationPipe = (): StandardSchemaValidationPipe =>
  new StandardSchemaValidationPipe({ exceptionFactory: invalidRequest });
