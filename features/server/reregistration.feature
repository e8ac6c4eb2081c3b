Feature: Re-registration
  The user, the place and the operator may change within one drive; the registration number and the INN may not.

  Rule: A change of registration takes the next number and becomes what the operator shows (fn.md 9.1)

    @case:O-040 @must @ffd1.05 @ffd1.2
    Scenario Outline: The user changes its name
      Given a registered register of FFD <ffd>
      When the register is re-registered with the user's name "ООО Василёк"
      And the register exchanges with the operator
      Then the last document is a change of registration with number 2
      And the last document gives the reason change of the user's name
      And the operator shows the user as "ООО Василёк"
      And the operator has no remarks

      Examples:
        | ffd  |
        | 1.05 |
        | 1.2  |

    @case:reregistration/address @must
    Scenario: The shop moves
      Given a registered register of FFD 1.1
      When the register is re-registered with the address "190000, г. Санкт-Петербург, Невский пр., д. 1"
      And the register exchanges with the operator
      Then the last document gives the reason change of place
      And the operator shows the address as "190000, г. Санкт-Петербург, Невский пр., д. 1"
      And the operator has no remarks

  Rule: Each operator gets the documents made under its registration (fiscal-sign.md 5)

    @case:O-041 @must
    Scenario: The register moves to another operator
      Given a registered register of FFD 1.2
      And the register trades for 1 day with 2 receipts a day
      When the register is re-registered to another operator
      And the register exchanges with the operator
      Then the last document gives the reason change of operator
      And the former operator keeps 5 documents of the drive
      And the operator keeps 1 document of the drive

  Rule: Another FFD is begun with everything sent and a state report before it (flk.md Q-10)

    @case:O-034 @must
    Scenario: A register goes from FFD 1.05 to FFD 1.2
      Given a registered register of FFD 1.05
      When the register is re-registered for FFD 1.2
      And the register trades for 1 day with 1 receipt a day
      Then the operator keeps these documents:
        | 1 | registration report    |
        | 2 | state report           |
        | 3 | change of registration |
        | 4 | shift opening          |
        | 5 | receipt                |
        | 6 | shift closing          |
      And the operator has no remarks
