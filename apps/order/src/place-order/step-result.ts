/** Why a step did not do what it was asked to: a business refusal with a code, and never a fault. */
interface StepRefusal {
  readonly ok: false;
  readonly code: string;
  readonly detail: string;
}

export type StepResult = { readonly ok: true } | StepRefusal;
