package cabinet_test

import (
	"encoding/json"
	"fmt"
	"image/png"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func (p *person) fetch(path string) (*http.Response, string) {
	p.t.Helper()
	resp, err := p.c.Get(p.site.URL + path)
	require.NoError(p.t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(p.t, err)
	return resp, string(b)
}

// CAB-180: the cabinet can be installed: manifest and icons of the sizes it names.
func TestPhone_CanBeInstalled(t *testing.T) {
	p := newPerson(t)
	_, home := p.fetch("/")
	assert.Contains(t, home, `<link rel="manifest" href="/manifest.webmanifest">`)
	resp, text := p.fetch("/manifest.webmanifest")
	assert.Equal(t, "application/manifest+json", resp.Header.Get("Content-Type"))
	var m struct {
		Name, ID, Display, Scope, Lang string
		StartURL                       string `json:"start_url"`
		ShortName                      string `json:"short_name"`
		Icons                          []struct{ Src, Sizes, Type, Purpose string }
	}
	require.NoError(t, json.Unmarshal([]byte(text), &m))
	assert.Equal(t, "standalone", m.Display)
	assert.Equal(t, "/lk", m.StartURL)
	assert.Equal(t, "/", m.Scope)
	assert.NotEmpty(t, m.Name)
	assert.LessOrEqual(t, len([]rune(m.ShortName)), 12, "longer names are cut under an icon")
	sizes := map[string]bool{}
	for _, icon := range m.Icons {
		resp, err := p.c.Get(p.site.URL + icon.Src)
		require.NoError(t, err)
		picture, err := png.Decode(resp.Body)
		require.NoError(t, resp.Body.Close())
		require.NoError(t, err, icon.Src)
		assert.Equal(t, "image/png", resp.Header.Get("Content-Type"))
		var w, h int
		_, err = fmt.Sscanf(icon.Sizes, "%dx%d", &w, &h)
		require.NoError(t, err)
		assert.Equal(t, w, picture.Bounds().Dx(), icon.Src)
		assert.Equal(t, h, picture.Bounds().Dy(), icon.Src)
		sizes[icon.Sizes] = true
	}
	assert.True(t, sizes["192x192"] && sizes["512x512"], "browsers ask for both")
}

var quoted = regexp.MustCompile(`"(/[^"]*)"`)

// CAB-180: without a network there is a page that says so, and nothing of a client is
// kept on the device: the worker keeps a few files of a guest and never an answer.
func TestPhone_ShellKeepsNothingOfClients(t *testing.T) {
	p := newPerson(t)
	p.owner()
	resp, worker := p.fetch("/worker.js")
	assert.Equal(t, "text/javascript; charset=utf-8", resp.Header.Get("Content-Type"))
	for _, forbidden := range []string{".put(", ".add(", "indexedDB", "localStorage", "importScripts"} {
		assert.NotContains(t, worker, forbidden)
	}
	assert.Contains(t, worker, `credentials: "omit"`)
	list := regexp.MustCompile(`const files = \[([^\]]*)\]`).FindStringSubmatch(worker)
	require.NotNil(t, list)
	guest := p.another()
	var kept []string
	for _, path := range quoted.FindAllStringSubmatch(list[1], -1) {
		resp, body := guest.fetch(path[1])
		assert.Equal(t, http.StatusOK, resp.StatusCode, path[1])
		for _, of := range []string{"Ромашка", "ivan@shop.example", string(inn)} {
			assert.NotContains(t, body, of)
		}
		kept = append(kept, path[1])
	}
	assert.Equal(t, []string{"/offline", "/assets/style.css"}, kept)
	_, body := guest.fetch("/offline")
	assert.Contains(t, body, "Нет связи")
	resp, _ = p.fetch("/lk/registers")
	assert.Equal(t, "no-store", resp.Header.Get("Cache-Control"), "browsers keep pages of clients no longer either")
}

var (
	bar   = regexp.MustCompile(`(?s)<nav class="bar".*?</nav>`)
	entry = regexp.MustCompile(`<a href="([^"]*)"[^>]*>.*?<span>([^<]*)</span></a>`)
)

// CAB-181: four sections at the bottom of a phone, each leads somewhere.
func TestPhone_FourSectionsAtTheBottom(t *testing.T) {
	p := newPerson(t)
	p.owner()
	_, body := p.fetch("/lk/registers")
	var titles []string
	for _, e := range entry.FindAllStringSubmatch(bar.FindString(body), -1) {
		titles = append(titles, e[2])
		resp, page := p.fetch(e[1])
		assert.Equal(t, http.StatusOK, resp.StatusCode, e[1])
		assert.Equal(t, 1, strings.Count(bar.FindString(page), `aria-current="page"`), "%s: says where one is", e[1])
	}
	assert.Equal(t, []string{"Статистика", "Все операции", "Карта", "Помощь"}, titles)
}
