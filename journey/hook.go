package journey

import (
	"runtime"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
)

// guardHooks wraps the hooks of rules whose panics package identity does not take: what an
// erased person is called anew and which domains there are cannot be guessed, so that the
// whole call has to fail. They are asked deep in the resolution of identities, where no error
// can be returned.
func guardHooks(r *identity.Rules) {
	if restart := r.Restart; restart != nil {
		r.Restart = func(id identity.ID) (int, [16]byte, bool) {
			defer throw("identity.Rules.Restart")
			return restart(id)
		}
	}
	if r.Accounts.Domains != nil {
		r.Accounts.Domains = guardedDomains{r.Accounts.Domains}
	}
}

type guardedDomains struct{ identity.Domains }

func (g guardedDomains) Registrable(host string) (string, bool) {
	defer throw("identity.Domains.Registrable")
	return g.Domains.Registrable(host)
}

func (g guardedDomains) Class(domain string) identity.DomainClass {
	defer throw("identity.Domains.Class")
	return g.Domains.Class(domain)
}

// throw turns the panic of a hook into one that catch takes.
func throw(where string) {
	if v := recover(); v != nil {
		panic(touchpoint.NewCallbackError(where, v))
	}
}

// catch makes the panic of a hook the error of the call; any other goes on.
func catch(err *error) {
	switch v := recover().(type) {
	case nil:
	case *touchpoint.CallbackError:
		*err = v
	case *runtime.PanicNilError: // as which sync.OnceValue knows a hook that called runtime.Goexit
		*err = touchpoint.NewCallbackError("identity.Rules", v)
	default:
		panic(v)
	}
}
