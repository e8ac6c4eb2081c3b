package postgres_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/storetest"
)

func BenchmarkAccept(b *testing.B) { storetest.BenchmarkAccept(b, open, 1, 16, 128, 512) }

// BenchmarkAcceptWriters has several writers in one server.
func BenchmarkAcceptWriters(b *testing.B) {
	for _, writers := range []int{2, 4} {
		b.Run(fmt.Sprint(writers), func(b *testing.B) { storetest.BenchmarkAccept(b, opensWith(writers, database), 16, 128, 512) })
	}
}

func BenchmarkProject(b *testing.B) { storetest.BenchmarkProject(b, open, 16, 5120) }

func BenchmarkRead(b *testing.B) { storetest.BenchmarkRead(b, open) }

// BenchmarkAcceptManyServers has two and three servers on one database, with 128
// registers on each.
func BenchmarkAcceptManyServers(b *testing.B) {
	for _, servers := range []int{2, 3} {
		b.Run(fmt.Sprint(servers), func(b *testing.B) {
			url := database(b, b.TempDir())
			var all []store.Store
			for range servers {
				s := openURL(b, url)
				defer func() { require.NoError(b, s.Close()) }()
				all = append(all, s)
			}
			storetest.AcceptAll(b, 128, all...)
		})
	}
}
