package identity

import "strings"

// placeholders are values that programs send where they know nothing, in folded form.
var placeholders = words(`null nil none nan undefined unknown void empty blank default test
	anonymous anon guest visitor user id email phone distinct_id distinctid user_id userid
	anonymous_id anonymousid device_id deviceid not_authenticated true false n/a na
	notset -1 (none) (null) <null> #n/a ffffffff-ffff-ffff-ffff-ffffffffffff`,
	"not set", "(not set)", "[object object]")

// longestWord is the length of the longest placeholder, a UUID.
const longestWord = 36

// longAndPlain reports whether folding a value cannot make a placeholder of it: most
// values are so, and folding costs.
func longAndPlain(v string) bool {
	if len(v) <= longestWord || strings.IndexByte("'\"`", v[0]) >= 0 {
		return false
	}
	for i := range len(v) {
		if v[i] <= ' ' || v[i] >= 0x7F {
			return false
		}
	}
	return true
}

// roleLocals are local parts of addresses that many people send from and nobody reads.
var roleLocals = words("noreply no-reply donotreply do-not-reply")

func words(list string, more ...string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(list) {
		m[w] = true
	}
	for _, w := range more {
		m[w] = true
	}
	return m
}

// blocked reports whether a value means "nobody". A hook that panics blocks: joining
// strangers is worse than joining nobody. err is what normalising the value said.
func (tr TypeRule) blocked(id ID, err error) bool {
	if tr.Blocked != nil {
		return callBlocked(id, tr.Blocked)
	}
	if len(tr.Block)+len(tr.BlockRegexp) == 0 && tr.format(id.typ) == FormatOpaque && longAndPlain(id.value) {
		return strings.Trim(id.value, "0-") == ""
	}
	v := fold(unquote(id.value))
	if placeholder(v) || err == nil && tr.listed(id, v) {
		return true
	}
	switch tr.format(id.typ) {
	case FormatPhone:
		d := strings.TrimPrefix(v, "+")
		return d != "" && strings.Trim(d, d[:1]) == "" && digits(d) == d
	case FormatEmail:
		local, host, ok := strings.Cut(v, "@")
		first, _, _ := strings.Cut(host, ".")
		return ok && (roleLocals[local] || placeholder(local) && placeholder(first))
	}
	return false
}

// placeholder reports whether a folded value is in the built-in list: a known word, or
// nothing but zeros and dashes.
func placeholder(v string) bool {
	return placeholders[v] || strings.Trim(v, "0-") == ""
}

// listed reports whether the rule's own lists hold the value.
func (tr TypeRule) listed(id ID, folded string) bool {
	for _, w := range tr.Block {
		if fold(unquote(trim(w))) == folded {
			return true
		}
	}
	for _, re := range tr.BlockRegexp {
		if re.MatchString(id.value) {
			return true
		}
	}
	return false
}

func callBlocked(id ID, f func(string) bool) (blocked bool) {
	err := error(nil)
	blocked = true
	func() {
		defer recovered(string(id.typ)+".Blocked", &err)
		blocked = f(id.value)
	}()
	return blocked
}

// unquote strips one pair of matching quotes, and the space inside them.
func unquote(s string) string {
	if len(s) >= 2 && s[0] == s[len(s)-1] && strings.IndexByte("'\"`", s[0]) >= 0 {
		return trim(s[1 : len(s)-1])
	}
	return s
}
