// libtorch includes this file of gloo for names that context.h has.
#pragma once
