package notify_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/notify"
)

// SIM-01: a real gateway by the template of its address.
func TestGateway(t *testing.T) {
	t.Parallel()
	answer := http.StatusOK
	var got url.Values
	var bearer string
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, bearer = r.URL.Query(), r.Header.Get("Authorization")
		w.WriteHeader(answer)
	}))
	t.Cleanup(gateway.Close)
	g, err := notify.NewGateway(gateway.URL+"/send?to={to}&text={text}&key={token}", "k&y")
	require.NoError(t, err)
	m := notify.Message{Channel: notify.SMS, To: "+79001112233", Text: "Код: 012345 & ссылка"}
	require.NoError(t, g.Carry(context.Background(), m))
	assert.Equal(t, url.Values{"to": {"+79001112233"}, "text": {"Код: 012345 & ссылка"}, "key": {"k&y"}}, got)
	assert.Equal(t, "Bearer k&y", bearer)
	var lasting *notify.Lasting
	answer = http.StatusForbidden
	require.ErrorAs(t, g.Carry(context.Background(), m), &lasting)
	for _, answer = range []int{http.StatusTooManyRequests, http.StatusBadGateway} {
		err := g.Carry(context.Background(), m)
		require.Error(t, err)
		assert.False(t, errors.As(err, &lasting), "tried again")
	}
	gateway.Close()
	err = g.Carry(context.Background(), m)
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "1112233")
	for _, bad := range []string{"", "https://x.example/?to={to}", "ftp://x.example/{to}/{text}", "{to}{text}"} {
		_, err := notify.NewGateway(bad, "")
		require.Error(t, err, bad)
	}
}
