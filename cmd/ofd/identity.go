package main

import (
	"os"

	"github.com/fiscalbench/fiscalbench/server/front"
	"github.com/fiscalbench/fiscalbench/server/identity"
	"github.com/fiscalbench/fiscalbench/server/identity/standin"
)

// identityFlags are the settings of how people come in beside their password.
type identityFlags struct {
	LoginByINN bool `name:"login-by-inn" help:"Let people come into the cabinet with the INN of their organisation too."`

	Issuer   string `name:"identity" placeholder:"URL" help:"OpenID Connect provider whose accounts people may come in with (default: a built-in one with test users, only while --http is a loopback address); it has to know SITE/lk/outside/back."`
	ClientID string `name:"identity-client" placeholder:"ID" help:"What that provider calls this cabinet; needed with --identity. Its secret is OFD_IDENTITY_SECRET."`
}

// identitySecret is the client's secret in the environment.
const identitySecret = "OFD_IDENTITY_SECRET"

// testUsers of the built-in provider besides the people of the demo: register with one
// of these addresses, confirm it, and come in without a password.
var testUsers = []standin.User{
	{Subject: "test-1", Email: "test1@identity.example.com", Name: "Первый Испытатель"},
	{Subject: "test-2", Email: "test2@identity.example.com", Name: "Вторая Испытательница"},
}

// identity puts the settings into those of the front. home says that whoever comes owns
// the bench: the built-in provider asks for no password.
func (f *identityFlags) identity(o *front.Options, home, demo bool) error {
	o.LoginByINN = f.LoginByINN
	switch {
	case f.Issuer == "" && f.ClientID != "":
		return usage("--identity-client is set and --identity is not")
	case f.Issuer != "":
		o.Identity = &identity.Options{Issuer: f.Issuer, ClientID: f.ClientID, ClientSecret: os.Getenv(identitySecret)}
		if _, err := identity.New(identity.Options{Issuer: f.Issuer, ClientID: f.ClientID, Back: "http://localhost"}); err != nil {
			return usage("--identity: %w", err)
		}
	case home:
		o.TestUsers = testUsers
		if demo {
			o.TestUsers = nil
			for _, p := range chainPeople {
				o.TestUsers = append(o.TestUsers, standin.User{Subject: p.email, Email: p.email, Name: p.name})
			}
			o.TestUsers = append(o.TestUsers, testUsers...)
		}
	}
	return nil
}
