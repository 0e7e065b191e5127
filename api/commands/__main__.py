from api.commands.program import main

main()
