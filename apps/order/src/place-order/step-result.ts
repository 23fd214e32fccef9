/** A business refusal of a step. A fault is thrown instead. */
interface StepRefusal {
  readonly ok: false;
  readonly code: string;
  readonly detail: string;
}

export type StepResult = { readonly ok: true } | StepRefusal;
