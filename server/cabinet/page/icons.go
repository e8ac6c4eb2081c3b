package page

import "html/template"

// Icon is a drawing of 20 × 20 units in the colour of the text around; it panics on a
// name that does not exist.
func Icon(name string) template.HTML {
	path, ok := icons[name]
	if !ok {
		panic("page: no icon " + name)
	}
	return template.HTML(`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">` + path + `</svg>`)
}

// icons are strokes of 1.6 units; see "icon" in style.css.
var icons = map[string]string{
	"home":     `<path d="M3 9.5 10 3l7 6.5V17h-5v-4.5H8V17H3z"/>`,
	"till":     `<path d="M3 9h14v8H3zM6 9V3h8v6M8 6h4M6 12.5h.01M10 12.5h.01M14 12.5h.01M6 15h8"/>`,
	"light":    `<path d="M6 2h8v16H6zM10 5.5h.01M10 10h.01M10 14.5h.01"/>`,
	"receipt":  `<path d="M5 2h10v16l-2.5-1.5L10 18l-2.500-1.500L5 18zM8 6.500h4M8 10h4"/>`,
	"list":     `<path d="M7 5h10M7 10h10M7 15h10M3.500 5h.01M3.500 10h.01M3.500 15h.01"/>`,
	"chart":    `<path d="M3 3v14h14M7 14v-4M11 14V6M15 14v-6"/>`,
	"map":      `<path d="M10 18s6-5.400 6-10a6 6 0 1 0-12 0c0 4.600 6 10 6 10zM10 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4z"/>`,
	"table":    `<path d="M3 4h14v12H3zM3 8h14M3 12h14M8 8v8"/>`,
	"letter":   `<path d="M3 5h14v10H3zM3 5.500l7 5.500 7-5.500"/>`,
	"key":      `<path d="M12 8a4 4 0 1 0-1.200 2.900L12 12h2v2h2v2h1.500v-2.500L12 8zM6.500 7.500h.01"/>`,
	"person":   `<path d="M10 9.500a3.250 3.250 0 1 0 0-6.500 3.250 3.250 0 0 0 0 6.500zM3.500 17a6.500 6.500 0 0 1 13 0"/>`,
	"people":   `<path d="M7.500 9.500a2.750 2.750 0 1 0 0-5.500 2.750 2.750 0 0 0 0 5.500zM2 16.500a5.500 5.500 0 0 1 11 0M13 4.500a2.750 2.750 0 0 1 0 5M15 12a5.500 5.500 0 0 1 3 4.500"/>`,
	"exit":     `<path d="M8 3H3v14h5M12 6l4 4-4 4M16 10H7"/>`,
	"eye":      `<path d="M1.500 10S4.500 4.500 10 4.500 18.500 10 18.500 10 15.500 15.500 10 15.500 1.500 10 1.500 10zM10 12.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5z"/>`,
	"warn":     `<path d="M10 2.500 18.500 17h-17zM10 8v4M10 14.500h.01"/>`,
	"done":     `<path d="m4 10.500 4 4 8-9"/>`,
	"box":      `<path d="M3 6.500 10 3l7 3.500v7L10 17l-7-3.500zM3 6.500l7 3.500 7-3.500M10 10v7"/>`,
	"search":   `<path d="M9 15A6 6 0 1 0 9 3a6 6 0 0 0 0 12zM13.500 13.500 18 18"/>`,
	"file":     `<path d="M5 2h7l4 4v12H5zM12 2v4h4"/>`,
	"print":    `<path d="M6 7V2.500h8V7M6 14H3V7h14v7h-3M6 11.500h8v6H6z"/>`,
	"add":      `<path d="M10 3.500v13M3.500 10h13"/>`,
	"edit":     `<path d="M3.500 16.500 4.500 12 13.500 3l3.500 3.500-9 9zM11.500 5l3.500 3.500"/>`,
	"archive":  `<path d="M2.500 3.500h15V7h-15zM4 7v9.500h12V7M8 10h4"/>`,
	"clock":    `<path d="M10 17.500a7.500 7.500 0 1 0 0-15 7.500 7.500 0 0 0 0 15zM10 5.500V10l3 2"/>`,
	"bench":    `<path d="M8 2.500h4M9 2.500v5L3.500 17h13L11 7.500v-5M6 13h8"/>`,
	"help":     `<path d="M10 17.500a7.500 7.500 0 1 0 0-15 7.500 7.500 0 0 0 0 15zM7.750 7.750a2.250 2.250 0 1 1 3.200 2.050c-.700.350-.950.800-.950 1.700M10 14h.01"/>`,
	"settings": `<path d="M10 12.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5zM10 2.500v2M10 15.500v2M2.500 10h2M15.500 10h2M4.700 4.700l1.400 1.400M13.900 13.900l1.400 1.400M4.700 15.300l1.400-1.400M13.900 6.100l1.400-1.400"/>`,
}
