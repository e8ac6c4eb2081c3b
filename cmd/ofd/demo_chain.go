package main

import (
	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

// The chain of the demo: one taxpayer, three departments in three time zones, eight
// outlets, twenty registers of different health. Nothing of it exists.
const (
	chainName = "ООО \"Ромашка\""
	chainKPP  = "770101001"
)

var (
	chainINN  = fiscal.WithCheckDigits("770123456")
	chainTree = []chainDepartment{
		{"Москва", []chainOutlet{
			{"Продукты на Тестовой", "101000, г. Москва, ул. Тестовая, д. 1", "Europe/Moscow", 55.7558, 37.6173, 600_000_00, groceries, 8, 22},
			{"Кафе на Учебной", "115000, г. Москва, ул. Учебная, д. 3", "Europe/Moscow", 55.7300, 37.6500, 450_000_00, cafe, 9, 21},
			{"Одежда на Примерной", "125000, г. Москва, ул. Примерная, д. 12", "Europe/Moscow", 55.8000, 37.5300, 3_000_000_00, clothes, 10, 21},
		}},
		{"Сибирь", []chainOutlet{
			{"Продукты у вокзала", "630000, г. Новосибирск, ул. Вокзальная, д. 5", "Asia/Novosibirsk", 55.0350, 82.8970, 500_000_00, groceries, 8, 22},
			{"Электроника на Красном", "630099, г. Новосибирск, пр. Опытный, д. 17", "Asia/Novosibirsk", 55.0302, 82.9204, 9_000_000_00, electronics, 10, 20},
			{"Кафе на набережной", "660000, г. Красноярск, наб. Пробная, д. 2", "Asia/Krasnoyarsk", 56.0097, 92.8524, 400_000_00, cafe, 9, 21},
		}},
		{"Юг", []chainOutlet{
			{"Продукты на Южной", "350000, г. Краснодар, ул. Южная, д. 9", "Europe/Moscow", 45.0355, 38.9753, 550_000_00, groceries, 8, 22},
			{"Одежда у кремля", "414000, г. Астрахань, ул. Волжская, д. 4", "Europe/Astrakhan", 46.3497, 48.0408, 2_500_000_00, clothes, 10, 20},
		}},
	}
)

type chainDepartment struct {
	name    string
	outlets []chainOutlet
}

// chainOutlet trades from the hour opens to the hour closes of its own zone.
type chainOutlet struct {
	name, address, zone string
	lat, lon            float64
	target              fiscal.Kopecks
	trade               *trade
	opens, closes       int
}

// trade is what an outlet sells.
type trade struct {
	goods []good
	most  int // different goods in a receipt
}

// good is sold by weight when its measure is not zero.
type good struct {
	name    string
	price   fiscal.Kopecks
	vat     kkt.VATRate
	measure uint8 // tag 2108: 11 is a kilogram
	subject uint8 // tag 1212; zero: goods
}

const kilogram = 11

var (
	groceries = &trade{most: 7, goods: []good{
		{"Хлеб ржаной", 64_90, kkt.VAT10, 0, 0}, {"Батон нарезной", 52_50, kkt.VAT10, 0, 0}, {"Молоко 3,2 %, 930 мл", 99_90, kkt.VAT10, 0, 0},
		{"Кефир 1 %, 900 г", 89_90, kkt.VAT10, 0, 0}, {"Яйца, 10 шт.", 139_00, kkt.VAT10, 0, 0}, {"Сыр российский", 899_00, kkt.VAT10, kilogram, 0},
		{"Яблоки", 149_90, kkt.VAT10, kilogram, 0}, {"Бананы", 134_90, kkt.VAT10, kilogram, 0}, {"Картофель", 49_90, kkt.VAT10, kilogram, 0},
		{"Филе куриное охлаждённое", 429_00, kkt.VAT10, kilogram, 0}, {"Гречка, 900 г", 94_90, kkt.VAT10, 0, 0}, {"Чай чёрный, 100 пак.", 259_00, kkt.VAT22, 0, 0},
		{"Кофе молотый, 250 г", 549_00, kkt.VAT22, 0, 0}, {"Шоколад молочный, 90 г", 119_90, kkt.VAT22, 0, 0}, {"Вода 1,5 л", 69_90, kkt.VAT22, 0, 0},
		{"Порошок стиральный, 3 кг", 689_00, kkt.VAT22, 0, 0}, {"Пакет-майка", 9_90, kkt.VAT22, 0, 0},
	}}
	cafe = &trade{most: 4, goods: []good{
		{"Борщ", 320_00, kkt.VAT22, 0, 0}, {"Плов", 410_00, kkt.VAT22, 0, 0}, {"Сырники со сметаной", 290_00, kkt.VAT22, 0, 0}, {"Капучино", 220_00, kkt.VAT22, 0, 0},
		{"Чай с чабрецом", 160_00, kkt.VAT22, 0, 0}, {"Морс клюквенный", 150_00, kkt.VAT22, 0, 0}, {"Круассан", 180_00, kkt.VAT22, 0, 0}, {"Бизнес-ланч", 450_00, kkt.VAT22, 0, 4},
	}}
	clothes = &trade{most: 3, goods: []good{
		{"Футболка хлопковая", 1_290_00, kkt.VAT22, 0, 0}, {"Джинсы прямые", 4_990_00, kkt.VAT22, 0, 0}, {"Куртка демисезонная", 12_900_00, kkt.VAT22, 0, 0},
		{"Носки, 3 пары", 590_00, kkt.VAT22, 0, 0}, {"Комбинезон детский", 3_490_00, kkt.VAT10, 0, 0}, {"Шапка детская", 890_00, kkt.VAT10, 0, 0}, {"Подгонка по длине", 700_00, kkt.VAT22, 0, 4},
	}}
	electronics = &trade{most: 3, goods: []good{
		{"Смартфон 128 ГБ", 24_990_00, kkt.VAT22, 0, 0}, {"Наушники беспроводные", 5_990_00, kkt.VAT22, 0, 0}, {"Ноутбук 15,6\"", 64_900_00, kkt.VAT22, 0, 0},
		{"Кабель USB-C", 790_00, kkt.VAT22, 0, 0}, {"Чайник электрический", 2_490_00, kkt.VAT22, 0, 0}, {"Книга электронная", 11_900_00, kkt.VAT22, 0, 0}, {"Настройка ноутбука", 1_990_00, kkt.VAT22, 0, 4},
	}}
)

// health is what is the matter with a register of the demo.
type health uint8

const (
	healthy    health = iota
	silentDay         // says nothing since more than 24 hours
	silentDays        // since more than three days
	longShift         // its shift is open longer than 24 hours
	termEnds          // the key of its drive ends soon
	memoryEnds        // its drive says that its memory ends
	flawed            // now and then a receipt breaks a rule of the format
	archived          // its drive was closed, it stands in the archive
	fresh             // connected, nothing sent yet
	paidEnds          // its connection is paid for a few days more
)

// chainRegister is a till of an outlet. outlet counts through all departments.
type chainRegister struct {
	outlet int
	name   string
	ffd    fiscal.FFD
	perDay int // receipts
	health health
}

var chainRegisters = []chainRegister{
	{0, "Касса 1", fiscal.FFD12, 16, healthy}, {0, "Касса 2", fiscal.FFD12, 14, healthy}, {0, "Касса 3", fiscal.FFD105, 10, archived},
	{1, "Бар", fiscal.FFD12, 12, healthy}, {1, "Зал", fiscal.FFD11, 10, silentDay},
	{2, "Касса 1", fiscal.FFD12, 9, healthy}, {2, "Касса 2", fiscal.FFD12, 8, flawed}, {2, "Касса самовывоза", fiscal.FFD12, 6, fresh},
	{3, "Касса 1", fiscal.FFD12, 15, healthy}, {3, "Касса 2", fiscal.FFD105, 13, termEnds}, {3, "Касса 3", fiscal.FFD12, 10, silentDays},
	{4, "Касса 1", fiscal.FFD12, 8, healthy}, {4, "Касса выдачи", fiscal.FFD12, 7, paidEnds},
	{5, "Бар", fiscal.FFD11, 12, longShift}, {5, "Терраса", fiscal.FFD12, 9, healthy},
	{6, "Касса 1", fiscal.FFD12, 15, healthy}, {6, "Касса 2", fiscal.FFD12, 12, memoryEnds}, {6, "Касса 3", fiscal.FFD105, 10, healthy},
	{7, "Касса 1", fiscal.FFD12, 9, healthy}, {7, "Касса 2", fiscal.FFD12, 8, healthy},
}

// outlets of all departments in their order.
func chainOutlets() (all []*chainOutlet) {
	for d := range chainTree {
		for o := range chainTree[d].outlets {
			all = append(all, &chainTree[d].outlets[o])
		}
	}
	return all
}

var (
	chainCashiers = []kkt.Cashier{{Name: "Продавец Демонова А. А."}, {Name: "Продавец Пробный Б. Б."}, {Name: "Продавец Тестова В. В."}}
	chainBuyers   = []string{"anna@example.com", "boris@example.com", "vera@example.com", "gleb@example.com", "daria@example.com"}
)
