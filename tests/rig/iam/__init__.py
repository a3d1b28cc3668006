"""A simulator of IAM: would AWS allow this call?"""
