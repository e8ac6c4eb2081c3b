package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/front"
	"github.com/fiscalbench/fiscalbench/server/identity"
)

// SIM-10: test users without passwords only where the bench is at home, and never
// beside a real provider, whose secret comes by the environment.
func TestIdentityFlags(t *testing.T) {
	t.Setenv("OFD_IDENTITY_SECRET", "secret")
	emails := func(o front.Options) (all []string) {
		for _, u := range o.TestUsers {
			all = append(all, u.Email)
		}
		return all
	}
	var home, demo, out, real front.Options
	require.NoError(t, (&identityFlags{LoginByINN: true}).identity(&home, true, false))
	assert.True(t, home.LoginByINN)
	assert.Equal(t, []string{"test1@identity.example.com", "test2@identity.example.com"}, emails(home))
	require.NoError(t, (&identityFlags{}).identity(&demo, true, true))
	assert.Contains(t, emails(demo), "owner@romashka.example.com")
	require.NoError(t, (&identityFlags{}).identity(&out, false, true))
	assert.Empty(t, out.TestUsers)
	require.NoError(t, (&identityFlags{Issuer: "https://id.example.com", ClientID: "ofd"}).identity(&real, true, true))
	assert.Empty(t, real.TestUsers)
	assert.Equal(t, &identity.Options{Issuer: "https://id.example.com", ClientID: "ofd", ClientSecret: "secret"}, real.Identity)
	for _, bad := range []identityFlags{{ClientID: "ofd"}, {Issuer: "https://id.example.com"}, {Issuer: "id.example.com", ClientID: "ofd"}} {
		require.Error(t, bad.identity(&front.Options{}, true, false))
	}
	names := flagNames()
	for _, want := range []string{"login-by-inn", "identity", "identity-client"} {
		_, ok := names[want]
		assert.True(t, ok, want)
	}
}
