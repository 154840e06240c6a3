"""`python -m keystead_agent.main`: the program, where its script is not installed."""

from keystead_agent.main.entry import main

if __name__ == "__main__":
    main()
