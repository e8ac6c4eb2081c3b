package walk_test

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/internal/browser"
)

// A new user comes from the registration form to the first receipt on the screen, the
// xlsx report and the buyer's letter.
//
// CAB-010, CAB-011, CAB-012, CAB-014, CAB-015, CAB-016: the form, the code, the
// letter, the company card. CAB-060, CAB-061, CAB-062: the register and its
// settings. CAB-066: its documents within seconds. CAB-102: the printed form with
// the QR code. CAB-120, CAB-121, CAB-125, STM-08: the report. CAB-105, OPR-060: the
// buyer's check. CAB-004: every section opens with one register. CAB-036: the eye in
// the password field. CAB-064, STM-01: renamed, retired, documents stay. CAB-103:
// times and answer on the card. CAB-096: in the monitoring within the patience of a step,
// far below five minutes. CAB-140, NTF-10, SIM-02: the buyer's letter in the outbox. CAB-035, SIM-10: in again by
// the built-in provider of outside identity.
func TestWalk_FromRegistrationToTheBuyersLetter(t *testing.T) {
	t.Parallel()
	browser.Need(t)
	s := newStand(t)
	tab := browser.Open(t, s.site)
	step := 0
	see := func(name string, texts ...string) {
		t.Helper()
		tab.See(texts...)
		step++
		tab.Picture(fmt.Sprintf("walk-%02d-%s", step, name))
		for _, f := range tab.Check(false) {
			t.Errorf("%s: %s", name, f)
		}
	}

	// The front door and the form; first filled in wrong, and nothing is lost.
	tab.Go("/")
	see("front", "Войти в ЛК", "Зарегистрироваться")
	tab.Press("Зарегистрироваться")
	see("register", "Я даю согласие на обработку моих персональных данных")
	tab.Fill("Название организации", "Василёк")
	tab.Fill("Контактное лицо", "Анна Цветкова")
	tab.Fill("Мобильный телефон", "8 (900) 123-45-67")
	tab.Fill("Электронная почта", "anna@vasilek.example")
	tab.Fill("Пароль", "vasilek-2026")
	hidden := func() bool {
		return browser.Eval[bool](tab, `document.querySelector("[name=password]").type === "password"`)
	}
	assert.True(t, hidden())
	tab.Click("Показать пароль")
	assert.False(t, hidden())
	assert.True(t, browser.Eval[bool](tab, `(() => { const b = document.querySelector("[name=password]").closest(".field").querySelector("button"); b.focus(); return b.tabIndex >= 0 && document.activeElement === b; })()`), "the eye is within reach of the keyboard")
	assert.Equal(t, http.StatusUnprocessableEntity, tab.Press("Зарегистрироваться"))
	see("register-wrong", "Без согласия")
	assert.True(t, hidden(), "again, after what was wrong")
	tab.Fill("Пароль", "vasilek-2026")
	tab.Fill("Я даю согласие", "yes")
	require.Equal(t, http.StatusOK, tab.Press("Зарегистрироваться"))

	// The code from the SMS, the link from the letter.
	see("code", "Код из SMS отправлен на")
	tab.Fill("Код из SMS", "000000")
	tab.Press("Подтвердить")
	see("code-wrong", "Код не подходит.")
	tab.Fill("Код из SMS", codeOf.FindString(s.message("+79001234567", "NTF-01").Text))
	tab.Press("Подтвердить")
	see("letter", "Спам")
	link := linkOf.FindString(s.message("anna@vasilek.example", "NTF-02").Text)
	tab.Go(link)
	tab.Press("Подтвердить")
	see("confirmed", "Адрес электронной почты подтверждён.")

	// The company card: a wrong check digit first.
	user := fiscal.WithCheckDigits("770555123")
	tab.Go("/lk/profile")
	tab.Fill("ИНН", string(user[:9])+string('0'+(user[9]-'0'+1)%10))
	tab.Fill("КПП", "770501001")
	tab.Fill("Полное наименование", `ООО "Василёк"`)
	assert.Equal(t, http.StatusUnprocessableEntity, tab.Press("Сохранить"))
	see("card-wrong", "ИНН")
	tab.Fill("ИНН", string(user))
	require.Equal(t, http.StatusOK, tab.Press("Сохранить"))
	see("card", "Профиль")

	// An outlet, what to write into the register, the register.
	tab.Go("/lk/outlets")
	see("outlets-empty", "Точек пока нет")
	tab.Press("Добавить точку")
	tab.Fill("Название", "Цветы на Полевой")
	tab.Fill("Адрес", "101000, г. Москва, ул. Полевая, д. 7")
	tab.Press("Сохранить")
	see("outlets", "Цветы на Полевой")
	tab.Go("/lk/registers/settings")
	see("settings", s.kkt[len("127.0.0.1:"):], "7704358518", "Испытательный ОФД")
	tab.Go("/lk/registers")
	see("registers-empty", "Касс пока нет")
	const factory = "00100000000077"
	reg := fiscal.MakeRegNumber(77, user, factory)
	tab.Press("Добавить кассу")
	tab.Fill("РНМ", string(reg[:15])+string('0'+(reg[15]-'0'+1)%10))
	tab.Fill("Заводской номер", factory)
	tab.Fill("Название", "Касса у входа")
	tab.Fill("Торговая точка", "Цветы на Полевой")
	assert.Equal(t, http.StatusUnprocessableEntity, tab.Press("Подключить"))
	see("register-new-wrong", "РНМ")
	tab.Fill("РНМ", string(reg))
	require.Equal(t, http.StatusOK, tab.Press("Подключить"))
	see("register-waits", "Касса у входа")
	tab.Go("/lk/registers/settings?reg=" + string(reg))
	see("not-seen-yet", "От кассы ещё ничего не приходило.")

	// Receipts go to buyers by letter.
	tab.Go("/lk/buyers")
	tab.Fill("по электронной почте", "yes")
	require.Equal(t, http.StatusOK, tab.Press("Сохранить"))
	see("buyers", "Отправка чеков")

	// The register comes to life; its first receipt is on the screen within seconds.
	k := s.till(7)
	k.made(k.KKT().Register(registration(reg, factory, user)))
	k.made(k.KKT().OpenShift(kkt.Cashier{Name: "Цветкова А.А."}))
	bill := kkt.Receipt{Operation: fiscal.Sell, Tax: kkt.TaxGeneral, BuyerContact: "buyer@example.test",
		Items: []kkt.Item{
			{Name: "Василёк синий", Price: 150_00, Quantity: kkt.Pieces(7), VAT: kkt.VAT22},
			{Name: "Лента", Price: 45_50, Quantity: kkt.Pieces(1), VAT: kkt.VAT22},
		}, Payments: kkt.Payments{Ecash: 1095_50}}
	r := k.made(k.KKT().Receipt(bill))
	took := tab.AwaitAt("/lk/documents", "1 095,50 ₽")
	t.Logf("the first receipt was on the screen %v after its confirmation", took.Round(time.Millisecond))
	see("documents", "отчет об открытии смены", "Касса у входа")
	tab.Press(fmt.Sprintf("кассовый чек № %d", r.FD))
	see("receipt", "Василёк синий", "Замечаний нет", "Получен", "подтверждён", fmt.Sprintf("%010d", r.FPD))
	assert.True(t, browser.Eval[bool](tab, `document.querySelector(".paper svg, .qr") !== null`), "the QR code")
	assert.NotContains(t, tab.Text(), "buyer@example.test", "masked")
	tab.Go("/lk/registers/" + string(reg))
	see("register", "Цветкова А.А.", "№ 1, открыта")
	tab.Go("/lk/registers/settings?reg=" + string(reg))
	see("seen", "Касса на связи")
	tab.AwaitAt("/lk/monitoring?worst=green", "Касса у входа")
	see("monitoring", "Показано касс: 1")
	tab.Go("/lk")
	see("home", "1 095,50 ₽")
	for _, section := range browser.Eval[[]string](tab, `[...document.querySelectorAll(".menu a")].map((a) => a.getAttribute("href"))`) {
		assert.Equal(t, http.StatusOK, tab.Go(section), section)
	}

	// The report: ordered, ready, opened in a spreadsheet program.
	tab.Go("/lk/reports")
	see("reports-empty", "Отчетов пока нет")
	tab.Press("Заказать отчет")
	see("report-order", "Период с")
	tab.Fill("Отправить на адреса", "accountant@vasilek.example")
	require.Equal(t, http.StatusOK, tab.Press("Заказать"))
	tab.AwaitAt("/lk/reports", "Скачать xlsx")
	see("reports", "Анна Цветкова")
	checkBook(t, tab.Download("Скачать xlsx"), r)
	letter := s.message("accountant@vasilek.example", "NTF-08")
	require.Len(t, letter.Files, 1)
	checkBook(t, letter.Files[0].Data, r)

	// The buyer: a letter in the outbox, its link, and the check that anybody can make.
	sent := s.message("buyer@example.test", "NTF-10")
	assert.Contains(t, sent.Text, "Василёк синий")
	require.Equal(t, http.StatusOK, tab.Go("/lk/outbox"))
	see("outbox", "buyer@example.test")
	require.Equal(t, http.StatusOK, tab.Go("/lk/outbox/"+sent.ID))
	see("outbox-letter", "Василёк синий")
	buyer := browser.Open(t, s.site)
	require.Equal(t, http.StatusOK, buyer.Go(linkOf.FindString(sent.Text)))
	buyer.See("Василёк синий", "1095.50")
	buyer.Picture("walk-buyer-link")
	buyer.Go("/check")
	buyer.Fill("Номер ФН", string(k.Number()))
	buyer.Fill("Номер документа", fmt.Sprint(r.FD))
	buyer.Fill("Фискальный признак", fmt.Sprintf("%010d", r.FPD))
	require.Equal(t, http.StatusOK, buyer.Press("Найти"))
	buyer.See("Василёк синий")
	assert.NotContains(t, buyer.Text(), "buyer@example.test")
	assert.True(t, browser.Eval[bool](buyer, `document.querySelector("main svg:not(.icon)") !== null`), "the QR code")
	for _, f := range buyer.Check(false) {
		t.Errorf("check: %s", f)
	}
	buyer.Picture("walk-buyer-check")

	// The register gets another name, then retires; its documents stay.
	tab.Go("/lk/registers/" + string(reg) + "/edit")
	tab.Fill("Название", "Касса в углу")
	require.Equal(t, http.StatusOK, tab.Press("Сохранить"))
	tab.Go("/lk/registers")
	tab.See("Касса в углу")
	tab.Fill("Выбрать кассу Касса в углу", "yes")
	tab.See("Выбрано: 1")
	require.Equal(t, http.StatusOK, tab.Press("+ Добавить в архив"))
	tab.Go("/lk/registers?tab=archive")
	see("archive", "Касса в углу")
	require.Equal(t, http.StatusOK, tab.Go(fmt.Sprintf("/lk/documents/%s/%d", k.Number(), r.FD)))
	tab.See("Василёк синий")

	// The next day she comes in with the account she has elsewhere.
	tab.Press("Выйти")
	tab.Go("/lk/login")
	tab.Press("Войти через испытательную службу")
	see("outside", "Испытательная служба входа")
	tab.Fill("Как ответить", "подпись чужим ключом")
	require.Equal(t, http.StatusForbidden, tab.Press("Войти"))
	see("outside-wrong", "Ответу службы входа нельзя верить")
	tab.Go("/lk/login")
	tab.Press("Войти через испытательную службу")
	require.Equal(t, http.StatusOK, tab.Press("Войти"))
	see("outside-in", "Анна Цветкова", "Главная")
	tab.Go("/lk/profile/registration")
	see("outside-bound", "Вход через внешние службы", "Отвязать", "Согласие и сеансы")
	tab.Go("/lk/profile/journal")
	see("journal-of-all", "внешняя служба привязана", "касса перенесена в архив", "«Касса в углу»")
}

// checkBook wants the receipt in the workbook, its sum as a number of roubles.
func checkBook(t *testing.T, file []byte, r kkt.Result) {
	t.Helper()
	book, err := excelize.OpenReader(bytes.NewReader(file))
	require.NoError(t, err)
	defer book.Close()
	rows, err := book.GetRows(book.GetSheetName(0), excelize.Options{RawCellValue: true})
	require.NoError(t, err)
	found := false
	for _, row := range rows {
		for _, cell := range row {
			found = found || cell == fmt.Sprintf("%010d", r.FPD)
		}
	}
	assert.True(t, found, "the receipt's ФПД in %v", rows)
	assert.Contains(t, fmt.Sprint(rows), "1095.5")
}
