package simulate

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/tabi-go/tabi/internal/num"
	"github.com/tabi-go/tabi/touchpoint"
)

const day = 24 * time.Hour

// maxReach is the highest chance of a touch in one step.
const maxReach = 0.95

var usd = touchpoint.Currency{'U', 'S', 'D'}

func (w World) step() time.Duration {
	if w.Step == 0 {
		return day
	}
	return w.Step
}

func (w World) start() time.Time {
	if w.Start.IsZero() {
		return time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return w.Start.UTC().Truncate(time.Second)
}

func (c Channel) cost() (touchpoint.Money, error) {
	if c.Cost == "" {
		return touchpoint.Money{}, nil
	}
	return touchpoint.ParseAmount(c.Cost, usd)
}

// A pair of channels and the weight between them.
type pair struct {
	a, b   int
	weight float64
}

// A model is a World made ready to run: by index rather than by name, by step rather than
// by day. It does not change.
type model struct {
	world    World
	seed     uint64
	people   int
	hold     int // records held at a time
	steps    int
	start    time.Time
	seconds  int32 // of a step
	causes   int32 // of a step: the seconds in which touches happen, before any effect
	delta    float64
	all      uint32 // the channels that are on
	decay    [maxChannels]float64
	costs    [maxChannels]touchpoint.Money
	season   []float64
	excite   [maxChannels][maxChannels]float64 // [from][to]
	excited  [maxChannels]uint32               // by which channels
	synergy  []pair
	shares   []float64 // of personas, summed up
	sizes    []float64 // of accounts, summed up
	accounts []int32   // first person of each account, and one past the last
	part     components
}

// components holds the hashed names of all streams.
type components struct {
	intent, proxy, persona, convert, cause, order, revenue, device, login, skew, stage component
	account, deal, dealCause                                                           component
	exposure, parent, jitter, deviceOf, loss, twin, late, mislabel, dirty, known       []component
}

func newModel(w World, seed uint64, people, days int) (*model, error) {
	if err := w.Validate(); err != nil {
		return nil, err
	}
	step := w.step()
	switch {
	case people < 0 || people > maxPeople-maxMembers:
		return nil, &WorldError{"users"}
	case days < 0 || days > 20_000 || time.Duration(days)*day/step > 1e6:
		return nil, &WorldError{"days"}
	}
	m := &model{
		world: w, seed: seed, people: people, hold: holdRecords, start: w.start(),
		steps:   int(time.Duration(days) * day / step),
		seconds: int32(step / time.Second),
		delta:   step.Hours() / 24,
	}
	m.causes = m.seconds / 6 * 5
	index := make(map[string]int, len(w.Channels))
	for i, c := range w.Channels {
		index[c.Name] = i
		m.decay[i] = num.Exp(-float64(step) / float64(c.Tau))
		m.costs[i], _ = c.cost() // validated
		if !c.Off {
			m.all |= 1 << i
		}
	}
	for names, e := range w.Excite {
		from, to := index[names[0]], index[names[1]]
		m.excite[from][to] = e
		if e > 0 {
			m.excited[to] |= 1 << from
		}
	}
	for _, names := range slices.SortedFunc(maps.Keys(w.Synergy), comparePairs) {
		m.synergy = append(m.synergy, pair{index[names[0]], index[names[1]], w.Synergy[names]})
	}
	m.season = make([]float64, m.steps)
	for t := range m.season {
		m.season[t] = 1
		if w.Season != nil {
			if m.season[t] = w.Season(t); !rate(m.season[t]) {
				return nil, &WorldError{"Season"}
			}
		}
	}
	sum := 0.0
	for _, p := range w.Personas {
		sum += p.Share
		m.shares = append(m.shares, sum)
	}
	ch := w.Channels
	m.part = components{
		intent: componentOf("intent"), proxy: componentOf("proxy"), persona: componentOf("persona"),
		convert: componentOf("convert"), cause: componentOf("cause"), order: componentOf("order"), revenue: componentOf("revenue"),
		device: componentOf("device"), login: componentOf("login"), skew: componentOf("skew"), stage: componentOf("stage"),
		account: componentOf("account"), deal: componentOf("deal"), dealCause: componentOf("deal cause"),
		exposure: componentsOf("exposure", ch), parent: componentsOf("parent", ch), jitter: componentsOf("jitter", ch),
		deviceOf: componentsOf("device", ch), loss: componentsOf("loss", ch), twin: componentsOf("twin", ch),
		late: componentsOf("late", ch), mislabel: componentsOf("mislabel", ch), dirty: componentsOf("dirty", ch), known: componentsOf("known", ch),
	}
	m.divideAccounts()
	return m, nil
}

func comparePairs(a, b [2]string) int {
	return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
}

// labelled reports whether sales have a cause: whether the rate is a sum of parts ≥ 0.
func (m *model) labelled() bool {
	for _, c := range m.world.Channels {
		if c.Beta < 0 {
			return false
		}
	}
	for _, p := range m.synergy {
		if p.weight < 0 {
			return false
		}
	}
	return m.world.Link == Additive
}

// sat is what memory a of channel c amounts to.
func (m *model) sat(c int, a float64) float64 {
	h := m.world.Channels[c].Saturate
	if h == nil || a == 0 {
		return a
	}
	p := num.Pow(a, h.H)
	return p / (p + num.Pow(h.K, h.H))
}

// instant is the time of a second since the start.
func (m *model) instant(second int32) time.Time {
	return m.start.Add(time.Duration(second) * time.Second)
}
