package front

import (
	"net/http"

	"github.com/fiscalbench/fiscalbench/server/cabinet/outside"
	"github.com/fiscalbench/fiscalbench/server/identity"
	"github.com/fiscalbench/fiscalbench/server/identity/standin"
)

// Where the built-in provider of outside identity is served, and what the cabinet is
// called there.
const (
	standInPath   = "/standin/identity"
	standInClient = "cabinet"
)

// outside makes the client of the outside provider, and the built-in one when that is it.
func (o Options) outside() (asks *identity.Client, built http.Handler, err error) {
	switch {
	case o.Identity != nil:
		real := *o.Identity
		real.Back = o.Site + outside.Back
		asks, err = identity.New(real)
		return asks, nil, err
	case len(o.TestUsers) == 0:
		return nil, nil, nil
	}
	issuer, back := o.Site+standInPath, o.Site+outside.Back
	p, err := standin.New(standin.Options{Issuer: issuer, ClientID: standInClient, Back: back, Users: o.TestUsers, Now: o.Now})
	if err != nil {
		return nil, nil, err
	}
	asks, err = identity.New(identity.Options{Issuer: issuer, ClientID: standInClient, Back: back, Name: "испытательную службу", Now: o.Now})
	return asks, p, err
}
