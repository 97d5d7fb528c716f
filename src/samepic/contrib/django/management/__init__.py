"""What samepic adds to manage.py."""
