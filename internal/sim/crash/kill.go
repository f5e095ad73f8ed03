package crash

import "context"

// Child does the work of the child process and ends it, if that is what this process is;
// otherwise it returns at once. Programs and tests that call Kill call it first.
func Child() {}

// Kill lets child processes record and kills each after a random 5 to 105 ms, every fifth
// at a step of an erasure; then it opens what is left and looks for what was lost.
func Kill(ctx context.Context, o Options) (*Report, error) { return nil, nil }
