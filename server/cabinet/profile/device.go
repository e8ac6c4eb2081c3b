package profile

import "strings"

// Device is what somebody came in with, in words: browser and kind of device as its
// User-Agent has them.
func (form) Device(agent string) string {
	has := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(agent, p) {
				return true
			}
		}
		return false
	}
	browser := "другая программа"
	switch { // later names contain earlier ones: "Chrome" stands in most
	case has("YaBrowser/"):
		browser = "Яндекс Браузер"
	case has("Edg/", "EdgA/", "EdgiOS/"):
		browser = "Edge"
	case has("OPR/"):
		browser = "Opera"
	case has("Firefox/", "FxiOS/"):
		browser = "Firefox"
	case has("Chrome/", "Chromium/", "CriOS/"):
		browser = "Chrome"
	case has("Safari/"):
		browser = "Safari"
	}
	switch {
	case has("Android") && has("Mobile"), has("iPhone"):
		return browser + ", телефон"
	case has("Android", "iPad"):
		return browser + ", планшет"
	case has("Windows", "Macintosh", "Linux"):
		return browser + ", компьютер"
	}
	return browser
}
