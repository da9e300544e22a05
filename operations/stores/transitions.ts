export type TransitionSource = 'intent' | 'answer' | 'webhook' | 'lookup' | 'lease' | 'person';
