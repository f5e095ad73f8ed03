package touchpoint

// TwinSteps returns how many pairs Twins looks at.
func TwinSteps(touches []Touch) int {
	m := newTwinMatcher(touches, &TwinRules{})
	m.join()
	for s := range m.sources[1:] {
		m.match(int32(s + 1))
	}
	return m.steps
}

// HostPath is what urls are compared by.
var HostPath = hostPath

// Glob matches the urls of a catalogue.
var Glob = glob
